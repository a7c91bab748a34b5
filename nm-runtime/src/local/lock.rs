//! File locks that own their file.

use std::fs::File;
use std::io;
use std::mem;

use fd_lock::RwLock;

use crate::sys::{Dir, OpenFile};
use crate::terms::access::Access;

/// A file whose lock is held until [`Locked::unlock`] or drop.
///
/// fd-lock's guards borrow their lock, so they cannot live in a value that also
/// owns it. All a guard does is to unlock when it drops. So it is forgotten
/// right after locking, and this type unlocks.
#[derive(Debug)]
pub(crate) struct Locked {
    file: Option<OpenFile>,
}

impl Locked {
    /// Locks without blocking; gives the file back when somebody else has it.
    pub(crate) fn try_lock(file: OpenFile, access: Access) -> io::Result<Result<Self, OpenFile>> {
        match lock_now(&file.file, access) {
            Ok(()) => Ok(Ok(Self { file: Some(file) })),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Err(file)),
            Err(error) => Err(error),
        }
    }

    /// Locks, blocked in the kernel's queue for the file until it is granted.
    pub(crate) fn lock(file: OpenFile, access: Access) -> io::Result<Self> {
        let mut lock = RwLock::new(&file.file);
        loop {
            let locked = match access {
                Access::Exclusive => lock.write().map(mem::forget),
                Access::Shared => lock.read().map(mem::forget),
            };
            match locked {
                Ok(()) => return Ok(Self { file: Some(file) }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As when the kernel has let go of it.
    #[cfg(test)]
    pub(crate) fn let_go(file: OpenFile) -> Self {
        Self { file: Some(file) }
    }

    /// Turns an exclusive lock into a shared one. The kernel lets go of it for a
    /// moment: false, and no lock at all, when somebody took it in between.
    pub(crate) fn share(&mut self) -> io::Result<bool> {
        let Some(file) = self.file.take() else {
            return Ok(false);
        };
        match lock_now(&file.file, Access::Shared) {
            Ok(()) => {
                self.file = Some(file);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether `name` in the directory is still the locked file.
    pub(crate) fn is_in(&self, dir: &Dir, name: &str) -> io::Result<bool> {
        self.file
            .as_ref()
            .map_or(Ok(false), |file| dir.has(name, file))
    }

    /// Whether the path of `name` still names the locked file.
    pub(crate) fn is_named(&self, dir: &Dir, name: &str) -> io::Result<bool> {
        self.file
            .as_ref()
            .map_or(Ok(false), |file| dir.names(name, file))
    }

    /// Unlocks, then gives back the open file.
    ///
    /// Closing would unlock too, but only when no child between fork and exec
    /// still has the file open.
    pub(crate) fn unlock(mut self) -> io::Result<Option<OpenFile>> {
        self.unlock_now()
    }

    /// Closes the file without unlocking: a forked child shares the lock with
    /// its parent, whose it is.
    pub(crate) fn leave(mut self) {
        drop(self.file.take());
    }

    fn unlock_now(&mut self) -> io::Result<Option<OpenFile>> {
        let Some(file) = self.file.take() else {
            return Ok(None);
        };
        loop {
            #[expect(clippy::disallowed_methods, reason = "this is the one place")]
            match file.file.unlock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done.map(|()| Some(file)),
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // The file closes in any case, and with it the lock.
        let _ = self.unlock_now();
    }
}

fn lock_now(file: &File, access: Access) -> io::Result<()> {
    let mut lock = RwLock::new(file);
    loop {
        let locked = match access {
            Access::Exclusive => lock.try_write().map(mem::forget),
            Access::Shared => lock.try_read().map(mem::forget),
        };
        match locked {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
