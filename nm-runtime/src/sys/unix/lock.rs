//! Locks on files.

use std::fs::File;
use std::io;
use std::mem;

use fd_lock::RwLock;

/// Locks a file, blocked in the kernel's queue until it is granted. `alone`: exclusively.
///
/// fd-lock's guards borrow their lock, so they cannot live in a value that also owns it.
/// All a guard does is to unlock when it drops. So it is forgotten right after locking, and
/// [`unlock`] unlocks.
pub(crate) fn lock(file: &File, alone: bool) -> io::Result<()> {
    let mut lock = RwLock::new(file);
    uninterrupted(|| match alone {
        true => lock.write().map(mem::forget),
        false => lock.read().map(mem::forget),
    })
}

/// Locks a file without blocking. False if its lock is taken.
pub(crate) fn try_lock(file: &File, alone: bool) -> io::Result<bool> {
    let mut lock = RwLock::new(file);
    let locked = uninterrupted(|| match alone {
        true => lock.try_write().map(mem::forget),
        false => lock.try_read().map(mem::forget),
    });
    match locked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Turns a lock that this file has into one of the other kind. The kernel releases it for a
/// moment: false if it was taken in between, and then nothing is locked.
pub(crate) fn change_lock(file: &File, alone: bool) -> io::Result<bool> {
    try_lock(file, alone)
}

/// Gives the lock back.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    uninterrupted(|| file.unlock())
}

fn uninterrupted(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
