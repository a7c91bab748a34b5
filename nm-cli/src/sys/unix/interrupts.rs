//! Requests to end: signals.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::sys::Source;

/// From its beginning on they do not end this process.
#[derive(Debug)]
pub struct Interrupts(UnixStream);

impl Interrupts {
    pub fn listen() -> io::Result<Self> {
        let (told, end) = UnixStream::pair()?;
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, end.try_clone()?)?;
        }
        Ok(Self(told))
    }

    /// Ready when one has come.
    pub fn source(&self) -> Source<'_> {
        self.0.as_fd()
    }
}

/// Whether a shell has started this process with `&`: it has it ignore this signal then. Asked
/// before we listen for it.
pub fn started_in_background() -> bool {
    ignored() & (1 << (SIGINT - 1)) != 0
}

/// The signals that this process was started to ignore, one bit each.
pub fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}
