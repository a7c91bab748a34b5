//! Locks on files: of one byte, always the same.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    LOCK_FILE_FLAGS, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

/// Where the byte is. Far beyond all that a file has: what is locked, others can neither
/// read nor write. A part can be locked that is not there, but not one that ends beyond
/// what a signed number can tell.
const AT: u64 = 1 << 62;

/// Locks a file, blocked in the kernel until it is granted. `alone`: exclusively.
///
/// Meanwhile no other thread must use the same open file: the system would let it wait for
/// us, even with what makes us be granted the lock.
pub fn lock(file: &File, alone: bool) -> io::Result<()> {
    request(file, kind(alone))
}

/// Locks a file without blocking. False if its lock is taken.
pub fn try_lock(file: &File, alone: bool) -> io::Result<bool> {
    match request(file, kind(alone) | LOCKFILE_FAIL_IMMEDIATELY) {
        Ok(()) => Ok(true),
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Turns a lock that this file has into one of the other kind. False if it was taken in
/// between, and then nothing is locked.
pub fn change_lock(file: &File, alone: bool) -> io::Result<bool> {
    if alone {
        // An exclusive lock is not granted beside a shared one, even if that is ours.
        unlock(file)?;
        return try_lock(file, alone);
    }
    // A shared one is granted on top of an exclusive one of the same open file, and of the
    // two, the exclusive one is unlocked first. So nobody can come in between.
    if !try_lock(file, alone)? {
        return Ok(false);
    }
    unlock(file).map(|()| true)
}

/// Gives the lock back.
pub fn unlock(file: &File) -> io::Result<()> {
    let mut place = place();
    // SAFETY: the handle is open as long as `file` is borrowed. It was not opened for
    // overlapped use, so `place` is not used after the call.
    let done = unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &mut place) };
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn request(file: &File, flags: LOCK_FILE_FLAGS) -> io::Result<()> {
    let mut place = place();
    // SAFETY: as for `unlock`.
    let done = unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &mut place) };
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn kind(alone: bool) -> LOCK_FILE_FLAGS {
    match alone {
        true => LOCKFILE_EXCLUSIVE_LOCK,
        false => 0,
    }
}

fn place() -> OVERLAPPED {
    OVERLAPPED {
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 {
                Offset: AT as u32,
                OffsetHigh: (AT >> 32) as u32,
            },
        },
        ..OVERLAPPED::default()
    }
}

fn is_taken(error: &io::Error) -> bool {
    let taken = [ERROR_LOCK_VIOLATION, ERROR_IO_PENDING].map(|code| Some(code as i32));
    taken.contains(&error.raw_os_error())
}
