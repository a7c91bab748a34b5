//! What the kernels of macOS and FreeBSD tell, by a kqueue.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, kevent, timespec};

use super::watch::{Told, Watch};

/// Watches until it drops. No child has it.
#[derive(Debug)]
pub(super) struct Events(OwnedFd);

impl Events {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: takes nothing.
        let fd = done(unsafe { libc::kqueue() })?;
        // SAFETY: just opened, so nothing else owns it.
        let queue = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: takes no pointers.
        done(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
        Ok(Self(queue))
    }

    pub(super) fn watch(&mut self, what: Watch<'_>) -> io::Result<()> {
        let (ident, filter, flags, fflags) = match what {
            Watch::Written(file) => (
                file.as_raw_fd() as usize,
                libc::EVFILT_VNODE,
                libc::EV_CLEAR,
                libc::NOTE_WRITE,
            ),
            Watch::Readable(file) => (file.as_raw_fd() as usize, libc::EVFILT_READ, 0, 0),
            Watch::Ended(process) => (
                process as usize,
                libc::EVFILT_PROC,
                libc::EV_ONESHOT,
                libc::NOTE_EXIT,
            ),
        };
        let mut change = nothing();
        change.ident = ident;
        change.filter = filter;
        change.flags = libc::EV_ADD | flags;
        change.fflags = fflags;
        let queue = self.0.as_raw_fd();
        // SAFETY: one change, which is only read, and no room for events.
        let changed = unsafe { libc::kevent(queue, &change, 1, ptr::null_mut(), 0, ptr::null()) };
        match done(changed) {
            // By a signal; the change is made all the same.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            changed => changed.map(drop),
        }
    }

    /// Blocks until something is told, at most so long. Also tells nothing if a signal
    /// arrives.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Told> {
        /// The rest is told by the next call.
        const ROOM: usize = 16;
        let timeout = timeout.map(|timeout| timespec {
            tv_sec: timeout.as_secs().min(LONGEST) as _,
            tv_nsec: timeout.subsec_nanos() as _,
        });
        let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        let mut events = [nothing(); ROOM];
        let (queue, first) = (self.0.as_raw_fd(), events.as_mut_ptr());
        // SAFETY: `events` has room for that many, and nothing else uses it meanwhile;
        // `timeout` lives until the call is done.
        let found = unsafe { libc::kevent(queue, ptr::null(), 0, first, ROOM as c_int, timeout) };
        let found = match done(found) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            found => found?,
        };
        let mut told = Told::default();
        for event in &events[..found as usize] {
            match event.filter {
                libc::EVFILT_VNODE => told.written = true,
                libc::EVFILT_READ => told.readable = true,
                libc::EVFILT_PROC => told.ended += 1,
                _ => {}
            }
        }
        Ok(told)
    }
}

/// In seconds; the kernels refuse what they take for no time.
const LONGEST: u64 = 24 * 60 * 60;

fn nothing() -> kevent {
    // SAFETY: numbers and a pointer, all of which may be 0. FreeBSD has more of them since
    // its version 12.
    unsafe { std::mem::zeroed() }
}

fn done(result: c_int) -> io::Result<c_int> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
