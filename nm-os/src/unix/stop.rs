//! Ends a wait for descriptors.

use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;

/// Ends the wait of who has its other end, by closing.
pub(crate) type Stop = PipeWriter;

/// What is waited for besides, and what ends it.
pub(crate) fn stop() -> io::Result<(OwnedFd, Stop)> {
    let (until, stop) = io::pipe()?;
    Ok((until.into(), stop))
}
