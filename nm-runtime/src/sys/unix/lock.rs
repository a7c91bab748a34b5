//! Locks on files.

use std::fs::{File, TryLockError};
use std::io;

use super::calls::uninterrupted;

/// Locks a file, blocked in the kernel's queue until it is granted. `alone`: exclusively.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn lock(file: &File, alone: bool) -> io::Result<()> {
    uninterrupted(|| match alone {
        true => file.lock(),
        false => file.lock_shared(),
    })
}

/// Locks a file without blocking. False if its lock is taken.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn try_lock(file: &File, alone: bool) -> io::Result<bool> {
    uninterrupted(|| {
        let locked = match alone {
            true => file.try_lock(),
            false => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    })
}

/// Turns a lock that this file has into one of the other kind. The kernel releases it for a
/// moment: false if it was taken in between, and then nothing is locked.
pub(crate) fn change_lock(file: &File, alone: bool) -> io::Result<bool> {
    try_lock(file, alone)
}

/// Gives the lock back.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    uninterrupted(|| file.unlock())
}
