//! File locks that own their file.

use std::fs::File;
use std::io;
#[cfg(all(unix, feature = "server"))]
use std::io::Write;

use nm_os::{Dir, OpenFile, write_at_start};

use crate::base::failpoint;
use crate::terms::access::Access;

/// A file whose lock is held until [`Locked::unlock`] or drop.
#[derive(Debug)]
pub(crate) struct Locked {
    /// Taken by what consumes the value, before it drops.
    file: Option<OpenFile>,
}

impl Locked {
    fn of(file: OpenFile) -> Self {
        Self { file: Some(file) }
    }

    /// Locks without blocking; returns the file if its lock is taken.
    pub(crate) fn try_lock(file: OpenFile, access: Access) -> io::Result<Result<Self, OpenFile>> {
        match nm_os::try_lock(&file.file, is_alone(access))? {
            true => Ok(Ok(Self::of(file))),
            false => Ok(Err(file)),
        }
    }

    /// As [`Locked::try_lock`], and says whether alone: a reader locks exclusively if
    /// nobody has the lock, or else beside readers.
    pub(crate) fn try_lock_name(
        file: OpenFile,
        access: Access,
    ) -> io::Result<Result<(Self, bool), OpenFile>> {
        let file = match Self::try_lock(file, Access::Exclusive)? {
            Ok(lock) => return Ok(Ok((lock, true))),
            Err(file) => file,
        };
        failpoint::at("name: held by another");
        if access == Access::Exclusive {
            return Ok(Err(file));
        }
        let mut lock = match Self::try_lock(file, access)? {
            Ok(lock) => lock,
            Err(file) => return Ok(Err(file)),
        };
        // What kept us out may have been exclusive, and have ended since: then nobody
        // shares the lock but us. What keeps us out while we share it is shared.
        if nm_os::change_lock(&lock.file().file, true)? {
            return Ok(Ok((lock, true)));
        }
        // The shared lock has gone for the other.
        Ok(Self::try_lock(lock.take(), access)?.map(|lock| (lock, false)))
    }

    /// Locks, blocked in the kernel's queue for the file until it is granted.
    pub(crate) fn lock(file: OpenFile, access: Access) -> io::Result<Self> {
        nm_os::lock(&file.file, is_alone(access)).map(|()| Self::of(file))
    }

    /// As if the kernel had released it.
    #[cfg(test)]
    pub(crate) fn let_go(file: OpenFile) -> Self {
        Self::of(file)
    }

    /// Turns an exclusive lock into a shared one. Some kernels release it for a moment:
    /// false if it was taken in between, and then nothing is locked.
    pub(crate) fn share(&self) -> io::Result<bool> {
        nm_os::change_lock(&self.file().file, false)
    }

    /// Overwrites the beginning of the file.
    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        write_at_start(self.file(), text.as_bytes())
    }

    /// Writes behind what this lock has written before.
    #[cfg(all(unix, feature = "server"))]
    pub(crate) fn append(&self, text: &str) -> io::Result<()> {
        (&self.file().file).write_all(text.as_bytes())
    }

    /// Whether `name` in the directory is still the locked file.
    pub(crate) fn is_in(&self, dir: &Dir, name: &str) -> io::Result<bool> {
        dir.has(name, self.file())
    }

    /// Whether the path of `name` still names the locked file.
    pub(crate) fn is_named(&self, dir: &Dir, name: &str) -> io::Result<bool> {
        dir.names(name, self.file())
    }

    /// A further descriptor of the locked file, for another process. Where a lock can be passed
    /// on, it is released when this one unlocks it, or when all who have it open have ended.
    pub(crate) fn descriptor(&self) -> io::Result<File> {
        self.file().file.try_clone()
    }

    /// Unlocks, then returns the open file.
    ///
    /// Closing would unlock too, but only when no child between fork and exec
    /// still has the file open.
    pub(crate) fn unlock(mut self) -> io::Result<OpenFile> {
        let file = self.take();
        nm_os::unlock(&file.file).map(|()| file)
    }

    /// Closes the file without unlocking: a forked child shares the lock with
    /// its parent, which owns it.
    pub(crate) fn leave(mut self) {
        drop(self.take());
    }

    fn file(&self) -> &OpenFile {
        self.file.as_ref().expect("only what consumes it takes it")
    }

    fn take(&mut self) -> OpenFile {
        self.file.take().expect("only what consumes it takes it")
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // The file closes in any case, and with it the lock.
            let _ = nm_os::unlock(&file.file);
        }
    }
}

/// Whether the file's owner still keeps it locked. Tried with a shared lock, so that
/// two processes that look do not take each other for the owner.
pub(crate) fn is_locked(file: OpenFile) -> bool {
    matches!(Locked::try_lock(file, Access::Shared), Ok(Err(_)))
}

fn is_alone(access: Access) -> bool {
    access == Access::Exclusive
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    /// Where each takes a few system calls, as many as take no minutes.
    const ROUNDS: u32 = match cfg!(windows) {
        true => 500,
        false => 20_000,
    };

    #[test]
    fn a_reader_is_never_beside_an_exclusive_lock_that_ends_while_it_looks() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Dir::create(dir.path()).unwrap();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let file = dir.file("db-0.lock").unwrap();
                    drop(Locked::try_lock(file, Access::Exclusive).unwrap());
                }
            });
            let found = (0..ROUNDS).find_map(|_| {
                let file = dir.file("db-0.lock").unwrap();
                match Locked::try_lock_name(file, Access::Shared).unwrap() {
                    Ok((lock, false)) => Some(lock),
                    Ok(_) | Err(_) => None,
                }
            });
            over.store(true, Ordering::Relaxed);
            assert!(found.is_none(), "beside nobody");
        });
    }
}
