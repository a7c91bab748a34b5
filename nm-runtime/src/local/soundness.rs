//! Whether a directory can be trusted with locks.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use nm_os::OpenFile;

use crate::base::process::numbered;
use crate::local::lock::Locked;
use crate::terms::access::Access;

/// Tries locks in this directory, on a file created for it and removed again: two
/// descriptors of it must exclude each other, and no longer once one unlocks.
///
/// # Errors
///
/// If the file cannot be created or locked, or a lock does not do what it must.
pub fn locks_work(dir: &Path) -> io::Result<()> {
    let scratch = Scratch::new(dir)?;
    let first = lock(scratch.open()?, Access::Exclusive)?.map_err(|_| odd("was taken already"))?;
    if lock(scratch.open()?, Access::Shared)?.is_ok() {
        return Err(odd("was granted twice"));
    }
    first.unlock()?;
    let reader =
        lock(scratch.open()?, Access::Shared)?.map_err(|_| odd("stayed after unlocking"))?;
    let other = lock(scratch.open()?, Access::Shared)?.map_err(|_| odd("is not shared"))?;
    drop((reader, other));
    Ok(())
}

/// Tries to write in this directory, to a file that is removed again.
///
/// # Errors
///
/// If the file cannot be created, or has no room for a page.
#[cfg(feature = "tools")]
pub fn writing_works(dir: &Path) -> io::Result<()> {
    use std::io::Write;

    let scratch = Scratch::new(dir)?;
    let mut file = scratch.open()?;
    file.write_all(&[0; 4096])?;
    // Some file systems find room only now.
    file.sync_data()
}

fn lock(file: File, access: Access) -> io::Result<Result<Locked, OpenFile>> {
    Locked::try_lock(nm_os::opened(file)?, access)
}

fn odd(what: &str) -> io::Error {
    io::Error::other(format!("a lock {what}"))
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(dir: &Path) -> io::Result<Self> {
        let path = dir.join([".doctor-", &numbered(std::process::id(), 0)].concat());
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok(Self(path))
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(&self.0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An empty file that stays does no harm.
        let _ = fs::remove_file(&self.0);
    }
}
