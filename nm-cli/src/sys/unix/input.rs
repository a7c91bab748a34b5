//! Standard input, as something to wait for.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;

use rustix::fs::FileType;

use crate::sys::Source;

/// Standard input.
#[derive(Debug)]
pub struct Input(File);

impl Input {
    pub fn open() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(input.into()))
    }

    /// If it can end: a pipe, a socket, or a terminal that is ours to read. The shell gives
    /// `/dev/null` to commands that it runs with `&`.
    pub fn that_ends() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        let counts = match stdin.is_terminal() {
            true => rustix::termios::tcgetpgrp(&stdin)
                .is_ok_and(|group| group == rustix::process::getpgrp()),
            false => rustix::fs::fstat(&stdin).is_ok_and(|stat| {
                let kind = FileType::from_raw_mode(stat.st_mode);
                matches!(kind, FileType::Fifo | FileType::Socket)
            }),
        };
        counts.then(Self::open).transpose()
    }

    /// Ready when there is something to read, or it has ended.
    pub fn source(&self) -> Source<'_> {
        self.0.as_fd()
    }
}

impl Read for &Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(room)
    }
}
