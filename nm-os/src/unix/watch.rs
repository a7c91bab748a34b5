//! What can be asked of the kernel to tell, and what it tells.

use std::os::fd::BorrowedFd;

/// What is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Watch<'a> {
    /// Each write to this file, once.
    Written(BorrowedFd<'a>),
    /// That there is something to read, or that nobody can write any more.
    Readable(BorrowedFd<'a>),
    /// The end of this process, once. Watching it fails if it has ended, unless nobody has
    /// waited for it yet and the system is FreeBSD: that tells it at once.
    Ended(u32),
}

/// What has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) written: bool,
    pub(super) readable: bool,
    pub(super) ended: usize,
}
