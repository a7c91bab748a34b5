//! Directories and the files in them.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, statat};
use rustix::io::{Errno, retry_on_intr};

use super::calls::effective_user;
use crate::sys::file_id::FileId;
use crate::sys::open_file::OpenFile;
use crate::sys::spare::Spares;

const DIRECTORY_MODE: u32 = 0o700;
pub(super) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// The same as a number, for `std`.
const FILE_BITS: u32 = 0o600;

/// An open directory: files in it are opened relative to it, which is quicker
/// than by their whole path and cannot be led elsewhere by a renamed parent.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(super) fd: OwnedFd,
    path: PathBuf,
    spares: Spares,
}

impl Dir {
    /// Opens the directory, creating it and its parents (mode 0700) if missing.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
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
    pub(crate) fn child(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || retry_on_intr(|| openat(&self.fd, name, flags, Mode::empty()));
        let fd = match open() {
            Err(Errno::NOENT) => {
                match mkdirat(&self.fd, name, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                open()?
            }
            opened => opened?,
        };
        Ok(Self {
            fd,
            path: self.path.join(name),
            spares: Spares::default(),
        })
    }

    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            fd: retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?,
            path: path.to_owned(),
            spares: Spares::default(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file in this directory for reading and writing, creating it if missing.
    /// Never follows a symbolic link, never blocks on a FIFO or device, and refuses
    /// anything but a regular file.
    ///
    /// May be one that was [kept](Dir::keep), and removed from the directory since.
    pub(crate) fn file(&self, name: &str) -> io::Result<OpenFile> {
        match self.spares.take(name) {
            Some(file) => Ok(file),
            None => self.open_with(name, OFlags::RDWR | OFlags::CREATE),
        }
    }

    /// Keeps an open file, unlocked, for the next call that opens it.
    pub(crate) fn keep(&self, name: &str, file: Option<OpenFile>) {
        if let Some(file) = file {
            self.spares.keep(name, file);
        }
    }

    /// Like [`Dir::file`], but each write goes to the end.
    pub(crate) fn append(&self, name: &str) -> io::Result<Appender> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND;
        Ok(Appender(self.open_with(name, flags)?.file))
    }

    /// Like [`Dir::append`], for what others write: it can be read, too.
    pub(crate) fn log(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND;
        let file = self.open_with(name, flags)?.file;
        // Who inherits it expects that a write blocks.
        rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
        Ok(file)
    }

    /// Opens a file for reading and writing if it exists.
    pub(crate) fn existing(&self, name: &str) -> io::Result<Option<OpenFile>> {
        match self.open_with(name, OFlags::RDWR) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            done => done.map(Some),
        }
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<OpenFile> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let fd = match retry_on_intr(|| openat(&self.fd, name, flags, FILE_MODE)) {
            Err(error) => return Err(self.not_opened(name, error, REGULAR)),
            Ok(fd) => fd,
        };
        opened(File::from(fd))
    }

    /// What is found in a file's place says more than why it cannot be opened.
    pub(super) fn not_opened(&self, name: &str, error: Errno, expected: &str) -> io::Error {
        let kind = || {
            let found = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            Some(FileType::from_raw_mode(found.st_mode))
        };
        match error {
            Errno::LOOP | Errno::ISDIR | Errno::NXIO => {
                kind().map_or_else(|| error.into(), |kind| unexpected(kind, expected))
            }
            error => error.into(),
        }
    }

    /// Whether the path of `name` still names the file that `file` has open.
    pub(crate) fn names(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        let path = self.path.join(name);
        is_at(CWD, &path, AtFlags::SYMLINK_NOFOLLOW, file.id)
    }

    /// Whether `name`, in this directory wherever it is now, still names the file
    /// that `file` has open.
    pub(crate) fn has(&self, name: &str, file: &OpenFile) -> io::Result<bool> {
        let name = Path::new(name);
        is_at(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW, file.id)
    }

    /// Whether the directory's path still names it, rather than nothing or another.
    pub(crate) fn is_current(&self) -> io::Result<bool> {
        is_at(CWD, &self.path, AtFlags::empty(), id(&fstat(&self.fd)?))
    }
}

/// A file to whose end processes write.
#[derive(Debug)]
pub(crate) struct Appender(File);

impl Appender {
    /// Adds a line with one `write`, so that lines of several processes never mix.
    pub(crate) fn append(&self, line: &[u8]) -> io::Result<()> {
        (&self.0).write_all(line)
    }
}

const REGULAR: &str = "a regular file";

fn unexpected(kind: FileType, expected: &str) -> io::Error {
    let kind = match kind {
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    };
    io::Error::other(format!(
        "found {kind} where {expected} was expected; remove it"
    ))
}

fn is_at(dir: impl AsFd, path: &Path, flags: AtFlags, open: FileId) -> io::Result<bool> {
    match statat(dir, path, flags) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
        found => Ok(id(&found?) == open),
    }
}

fn id(found: &Stat) -> FileId {
    let device = found.st_dev as _;
    FileId {
        device: (rustix::fs::major(device), rustix::fs::minor(device)),
        inode: found.st_ino as _,
    }
}

/// An open file, with its id; refuses anything but a regular file.
pub(crate) fn opened(file: File) -> io::Result<OpenFile> {
    let found = fstat(&file)?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Ok(OpenFile::new(file, id(&found))),
        kind => Err(unexpected(kind, REGULAR)),
    }
}

/// Opens a regular file for reading, and nothing else.
pub(crate) fn open_regular(path: &Path) -> io::Result<OpenFile> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    let options = options.read(true).custom_flags(flags.bits() as _);
    let file = options.open(path).map_err(|error| {
        match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => unexpected(FileType::Symlink, REGULAR),
            // A socket.
            Some(Errno::NXIO) => unexpected(FileType::Socket, REGULAR),
            _ => error,
        }
    })?;
    opened(file)
}

/// Reads what is at this offset, with one call.
pub(crate) fn read_at(file: &OpenFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Overwrites the beginning of a file.
pub(crate) fn write_at_start(file: &OpenFile, bytes: &[u8]) -> io::Result<()> {
    file.file.write_all_at(bytes, 0)
}

/// Whether an open file is still in some directory.
pub(crate) fn still_linked(file: &OpenFile) -> io::Result<bool> {
    Ok(fstat(&file.file)?.st_nlink > 0)
}

/// Whether the path belongs to the user of this process: what it names, and a symbolic
/// link on the way to that, which root may also have put there.
pub(crate) fn is_current_user(path: &Path) -> io::Result<bool> {
    let user = effective_user();
    let found = path.symlink_metadata()?;
    if found.is_symlink() {
        return Ok([user, 0].contains(&found.uid()) && path.metadata()?.uid() == user);
    }
    Ok(found.uid() == user)
}

/// The file that a path names; `None` if there is none.
#[cfg(feature = "tools")]
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let found = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(id(&found))
}

/// Whether the path names the file that `file` has open.
pub(crate) fn path_names(path: &Path, file: &File) -> bool {
    let is_there = |open| is_at(CWD, path, AtFlags::empty(), id(&open)).unwrap_or(false);
    fstat(file).is_ok_and(is_there)
}

/// Writes a new file that only this user may read, in place of what is there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    // Written through a link, it would be elsewhere.
    let options = options.write(true).create_new(true).mode(FILE_BITS);
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
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Removes a file from its directory.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Whether the process or the system ran out of file descriptors.
pub(crate) fn is_descriptor_shortage(error: &io::Error) -> bool {
    let shortage = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
    shortage.contains(&error.raw_os_error())
}
