//! Locks on files.

use std::fs::File;
use std::io;

use libc::{LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, c_int};

use super::calls::flock;

/// Locks a file, blocked in the kernel's queue until it is granted. `alone`: exclusively.
pub fn lock(file: &File, alone: bool) -> io::Result<()> {
    flock(file, kind(alone))
}

/// Locks a file without blocking. False if its lock is taken.
pub fn try_lock(file: &File, alone: bool) -> io::Result<bool> {
    match flock(file, kind(alone) | LOCK_NB) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

fn kind(alone: bool) -> c_int {
    match alone {
        true => LOCK_EX,
        false => LOCK_SH,
    }
}

/// Turns a lock that this file has into one of the other kind. The kernel releases it for a
/// moment: false if it was taken in between, and then nothing is locked.
pub fn change_lock(file: &File, alone: bool) -> io::Result<bool> {
    try_lock(file, alone)
}

/// Gives the lock back.
pub fn unlock(file: &File) -> io::Result<()> {
    flock(file, LOCK_UN)
}
