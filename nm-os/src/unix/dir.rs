//! Directories and the files in them.

use std::fs::{DirBuilder, File, FileType, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use libc::c_int;
use libc::{O_APPEND, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY};

use super::calls::{
    DIRECTORY_MODE, FILE_MODE, block_with, effective_user, find_at, make_dir_at, open_at,
    uninterrupted,
};
use crate::file_id::FileId;
use crate::open_file::OpenFile;
use crate::spare::Spares;

/// An open directory: files in it are opened relative to it, which is quicker
/// than by their whole path and cannot be led elsewhere by a renamed parent.
#[derive(Debug)]
pub struct Dir {
    file: File,
    path: PathBuf,
    spares: Spares,
}

impl Dir {
    /// Opens the directory, creating it and its parents (mode 0700) if missing.
    pub fn create(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new()
                    .recursive(true)
                    .mode(DIRECTORY_MODE)
                    .create(path)?;
                Self::open(path)
            }
            done => done,
        }
    }

    /// Opens a directory in this one, creating it if missing, but none above it.
    pub fn child(&self, name: &str) -> io::Result<Self> {
        let open = || open_at(&self.file, name, O_RDONLY | O_DIRECTORY);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match make_dir_at(&self.file, name) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => open()?,
                }
            }
            opened => opened?,
        };
        Ok(Self {
            file,
            path: self.path.join(name),
            spares: Spares::default(),
        })
    }

    /// Opens a directory that exists.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let options = options.read(true).custom_flags(O_DIRECTORY);
        Ok(Self {
            file: options.open(path)?,
            path: path.to_owned(),
            spares: Spares::default(),
        })
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file in this directory for reading and writing, creating it if missing.
    /// Never follows a symbolic link, never blocks on a FIFO or device, and refuses
    /// anything but a regular file.
    ///
    /// May be one that was [kept](Dir::keep), and removed from the directory since.
    pub fn file(&self, name: &str) -> io::Result<OpenFile> {
        match self.spares.take(name) {
            Some(file) => Ok(file),
            None => self.open_with(name, O_RDWR | O_CREAT),
        }
    }

    /// Keeps an open file, unlocked, for the next call that opens it.
    pub fn keep(&self, name: &str, file: Option<OpenFile>) {
        if let Some(file) = file {
            self.spares.keep(name, file);
        }
    }

    /// Like [`Dir::file`], but each write goes to the end.
    pub fn append(&self, name: &str) -> io::Result<Appender> {
        let flags = O_WRONLY | O_CREAT | O_APPEND;
        Ok(Appender(self.open_with(name, flags)?.file))
    }

    /// Like [`Dir::append`], for what others write: it can be read, too.
    pub fn log(&self, name: &str) -> io::Result<File> {
        let flags = O_RDWR | O_CREAT | O_APPEND;
        let file = self.open_with(name, flags)?.file;
        // Who inherits it expects that a write blocks.
        block_with(&file, O_APPEND)?;
        Ok(file)
    }

    /// Opens a file for reading and writing if it exists.
    pub fn existing(&self, name: &str) -> io::Result<Option<OpenFile>> {
        match self.open_with(name, O_RDWR) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            done => done.map(Some),
        }
    }

    fn open_with(&self, name: &str, flags: c_int) -> io::Result<OpenFile> {
        match open_at(&self.file, name, flags | O_NOFOLLOW | O_NONBLOCK) {
            Ok(file) => opened(file),
            Err(error) => Err(not_opened(&self.path.join(name), error)),
        }
    }

    /// Whether the path of `name` still names the file that `file` has open.
    pub fn names(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        is(
            self.path.join(name).symlink_metadata().map(|it| id(&it)),
            file.id,
        )
    }

    /// Whether `name`, in this directory wherever it is now, still names the file
    /// that `file` has open.
    pub fn has(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        is(find_at(&self.file, name), file.id)
    }

    /// Whether the directory's path still names it, rather than nothing or another.
    pub fn is_current(&self) -> io::Result<bool> {
        let open = self.file.metadata()?;
        is(self.path.metadata().map(|it| id(&it)), id(&open))
    }
}

/// A file to whose end processes write.
#[derive(Debug)]
pub struct Appender(File);

impl Appender {
    /// Adds a line with one `write`, so that lines of several processes never mix.
    pub fn append(&self, line: &[u8]) -> io::Result<()> {
        (&self.0).write_all(line)
    }
}

/// What is found in a file's place says more than why it cannot be opened.
fn not_opened(path: &Path, error: io::Error) -> io::Error {
    use libc::{EISDIR, ELOOP, EMLINK, ENXIO, EOPNOTSUPP};

    // FreeBSD has its own for links, and like macOS for sockets.
    let by_kind = [ELOOP, EMLINK, EISDIR, ENXIO, EOPNOTSUPP];
    if !error.raw_os_error().is_some_and(|it| by_kind.contains(&it)) {
        return error;
    }
    match path.symlink_metadata() {
        Ok(found) if !found.is_file() => unexpected(found.file_type()),
        _ => error, // It was replaced, or it is in a directory that was.
    }
}

fn unexpected(kind: FileType) -> io::Error {
    let kind = match kind {
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "something else",
    };
    io::Error::other(format!(
        "found {kind} where a regular file was expected; remove it"
    ))
}

/// Whether what was found in a place is this file.
fn is(found: io::Result<FileId>, open: FileId) -> io::Result<bool> {
    use io::ErrorKind::{NotADirectory, NotFound};

    match found {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        found => Ok(found? == open),
    }
}

fn id(found: &Metadata) -> FileId {
    FileId {
        device: found.dev(),
        inode: found.ino(),
    }
}

/// An open file, with its id; refuses anything but a regular file.
pub fn opened(file: File) -> io::Result<OpenFile> {
    let found = file.metadata()?;
    match found.is_file() {
        true => Ok(OpenFile::new(file, id(&found))),
        false => Err(unexpected(found.file_type())),
    }
}

/// Opens a regular file for reading, and nothing else.
pub fn open_regular(path: &Path) -> io::Result<OpenFile> {
    let mut options = File::options();
    let options = options.read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK);
    match options.open(path) {
        Ok(file) => opened(file),
        Err(error) => Err(not_opened(path, error)),
    }
}

/// Reads what is at this offset, with one call.
pub fn read_at(file: &OpenFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    uninterrupted(|| file.file.read_at(buffer, offset))
}

/// Overwrites the beginning of a file.
pub fn write_at_start(file: &OpenFile, bytes: &[u8]) -> io::Result<()> {
    file.file.write_all_at(bytes, 0)
}

/// Whether an open file is still in some directory.
pub fn still_linked(file: &OpenFile) -> io::Result<bool> {
    Ok(file.file.metadata()?.nlink() > 0)
}

/// Whether the path belongs to the user of this process: what it names, and a symbolic
/// link on the way to that, which root may also have put there.
pub fn is_current_user(path: &Path) -> io::Result<bool> {
    let user = effective_user();
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        return Ok([user, 0].contains(&found.uid()) && path.metadata()?.uid() == user);
    }
    Ok(found.uid() == user)
}

/// A device by its two numbers, as Linux lists it in `/proc/locks`.
#[cfg(feature = "tools")]
pub fn device(major: u32, minor: u32) -> u64 {
    libc::makedev(major as _, minor as _) as u64
}

/// The file that a path names; `None` if there is none.
#[cfg(feature = "tools")]
pub fn file_id(path: &Path) -> Option<FileId> {
    Some(id(&path.symlink_metadata().ok()?))
}

/// Whether the path names the file that `file` has open.
pub fn path_names(path: &Path, file: &File) -> bool {
    let (found, open) = (path.metadata(), file.metadata());
    found.is_ok_and(|found| open.is_ok_and(|open| id(&found) == id(&open)))
}

/// Writes a new file that only this user may read, in place of what is there.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    // Written through a link, it would be elsewhere.
    let options = options.write(true).create_new(true).mode(FILE_MODE);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}

/// Moves a file to another place, and over what is there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Removes a file from its directory.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Whether the process or the system ran out of file descriptors.
pub fn is_descriptor_shortage(error: &io::Error) -> bool {
    let shortage = [libc::EMFILE, libc::ENFILE];
    error
        .raw_os_error()
        .is_some_and(|it| shortage.contains(&it))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_as_expected_is_not_blamed_for_one_in_a_directory_of_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("names");
        let dir = Dir::create(&path).unwrap();
        symlink("/nowhere/at/all", path.join("db-0.lock")).unwrap();
        let told = dir.file("db-0.lock").unwrap_err().to_string();
        assert!(told.contains("found a symbolic link"), "{told}");
        fs::rename(&path, parent.path().join("elsewhere")).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("db-0.lock"), "").unwrap();
        let told = dir.file("db-0.lock").unwrap_err();
        assert_eq!(told.raw_os_error(), Some(libc::ELOOP), "{told}");
    }
}
