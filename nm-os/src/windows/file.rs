//! Files by their paths.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_READ_ATTRIBUTES,
};

use super::{file_info, lock};
use crate::file_id::FileId;
use crate::open_file::OpenFile;

const REGULAR: &str = "a regular file";

fn unexpected(found: &str, expected: &str) -> io::Error {
    io::Error::other(format!(
        "found {found} where {expected} was expected; remove it"
    ))
}

/// How long to try again what another program is in the way of.
const PATIENCE: Duration = Duration::from_secs(2);

/// Virus scanners and the like open files so that nobody else can meanwhile; and where a
/// file that is open can be neither replaced nor removed, a reader is in the way.
fn patiently<T>(passing: &[u32], attempt: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(200);
    loop {
        let done = attempt();
        let code = done.as_ref().err().and_then(io::Error::raw_os_error);
        let is_passing = code.is_some_and(|code| passing.contains(&(code as u32)));
        if !is_passing || Instant::now() > until {
            return done;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Opens a file, unless it is not a regular one, or a link to it.
pub(super) fn open(path: &Path, options: &OpenOptions) -> io::Result<OpenFile> {
    let mut options = options.clone();
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    match patiently(&[ERROR_SHARING_VIOLATION], || options.open(path)) {
        Ok(file) => opened(file),
        // What is found in a file's place says more than why it cannot be opened.
        Err(error) => match path.symlink_metadata() {
            Ok(found) if found.is_symlink() => Err(unexpected("a symbolic link", REGULAR)),
            Ok(found) if found.is_dir() => Err(unexpected("a directory", REGULAR)),
            _ => Err(error),
        },
    }
}

/// Opens a file or directory, or what links to it, only to see which it is.
pub(super) fn look(path: &Path, follow: bool) -> io::Result<File> {
    let flags = match follow {
        true => FILE_FLAG_BACKUP_SEMANTICS,
        false => FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
    };
    let mut options = OpenOptions::new();
    options
        .access_mode(FILE_READ_ATTRIBUTES)
        .custom_flags(flags)
        .open(path)
}

/// Whether a path names this file or directory.
pub(super) fn is_at(path: &Path, follow: bool, open: FileId) -> io::Result<bool> {
    use io::ErrorKind::{NotADirectory, NotFound};

    match look(path, follow) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        found => Ok(file_info::id(&found?)? == open),
    }
}

/// An open file, with its id; refuses anything but a regular file.
pub fn opened(file: File) -> io::Result<OpenFile> {
    if !file_info::is_on_disk(&file) {
        return Err(unexpected("a device", REGULAR));
    }
    let kind = file.metadata()?.file_type();
    if kind.is_symlink() {
        return Err(unexpected("a symbolic link", REGULAR));
    }
    if kind.is_dir() {
        return Err(unexpected("a directory", REGULAR));
    }
    let id = file_info::id(&file)?;
    Ok(OpenFile::new(file, id))
}

/// Opens a regular file for reading, and nothing else.
pub fn open_regular(path: &Path) -> io::Result<OpenFile> {
    open(path, OpenOptions::new().read(true))
}

/// Reads what is at this offset, with one call.
pub fn read_at(file: &OpenFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.file.seek_read(buffer, offset)
}

/// Overwrites the beginning of a file.
pub fn write_at_start(file: &OpenFile, bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        match file.file.seek_write(&bytes[written..], written as u64)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            more => written += more,
        }
    }
    Ok(())
}

/// A file to whose end processes write.
#[derive(Debug)]
pub struct Appender(Mutex<File>);

impl Appender {
    pub(super) fn new(file: OpenFile) -> Self {
        Self(Mutex::new(file.file))
    }

    /// Adds a line, whole.
    pub fn append(&self, line: &[u8]) -> io::Result<()> {
        // One thread at a time uses the open file, as `lock` demands.
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of what several processes write to the end at once, some is lost on some systems.
        lock::lock(&file, true)?;
        let written = file.write_all(line);
        lock::unlock(&file)?;
        written
    }
}

/// Whether an open file is still in some directory.
pub fn still_linked(file: &OpenFile) -> io::Result<bool> {
    Ok(file_info::links(&file.file)? > 0)
}

/// A device of a list of locks, which this system does not have.
#[cfg(feature = "tools")]
pub fn device(major: u32, _minor: u32) -> u64 {
    major.into()
}

/// The file that a path names; `None` if there is none.
#[cfg(feature = "tools")]
pub fn file_id(path: &Path) -> Option<FileId> {
    file_info::id(&look(path, false).ok()?).ok()
}

/// Whether the path names the file that `file` has open.
pub fn path_names(path: &Path, file: &File) -> bool {
    let id = file_info::id(file);
    id.is_ok_and(|id| is_at(path, true, id).unwrap_or(false))
}

/// Writes a new file, in place of what is there. Only this user may read it, as its
/// directory says of all that is in it.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    // Written through a link, it would be elsewhere.
    let options = options.write(true).create_new(true);
    let mut file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}

/// Moves a file to another place, and over what is there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let passing = [ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION];
    patiently(&passing, || fs::rename(from, to))
}

/// Removes a file from its directory.
pub fn remove(path: &Path) -> io::Result<()> {
    static GONE: AtomicU64 = AtomicU64::new(0);
    let number = GONE.fetch_add(1, Ordering::Relaxed);
    // On some systems the name of a removed file stays until nobody has it open. Another
    // name is of no account.
    let gone = path.with_file_name(format!(".gone-{}-{number}", std::process::id()));
    rename(path, &gone)?;
    let _ = fs::remove_file(gone);
    Ok(())
}
