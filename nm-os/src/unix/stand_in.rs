//! What `kqueue.rs` has, with the same names, by what Linux has: inotify, pidfds and `poll`.
//! So the code above that can be tried on Linux.
//! Of an end it tells as FreeBSD does.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use super::calls::{Polled, open_process, poll, watch_writes, watch_writes_of};
use super::watch::{Told, Watch};

#[derive(Debug)]
pub(super) struct Events {
    writes: OwnedFd,
    readable: Option<OwnedFd>,
    processes: Vec<OwnedFd>,
}

impl Events {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            writes: watch_writes()?,
            readable: None,
            processes: Vec::new(),
        })
    }

    pub(super) fn watch(&mut self, what: Watch<'_>) -> io::Result<()> {
        match what {
            Watch::Written(file) => {
                let path = format!("/proc/self/fd/{}", file.as_raw_fd());
                watch_writes_of(&self.writes, &path)?;
            }
            Watch::Readable(file) => self.readable = Some(file.try_clone_to_owned()?),
            Watch::Ended(process) => self.processes.push(open_process(process)?),
        }
        Ok(())
    }

    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Told> {
        let others = self.readable.iter().chain(&self.processes);
        let polled = poll(std::iter::once(&self.writes).chain(others), timeout)?;
        let mut happened = polled.iter().map(|polled| *polled != Polled::Nothing);
        let written = happened.next() == Some(true);
        if written {
            // Told once.
            let mut writes = File::from(self.writes.try_clone()?);
            while writes.read(&mut [0; 4096]).is_ok() {}
        }
        let readable = self.readable.is_some() && happened.next() == Some(true);
        let watching = self.processes.len();
        self.processes.retain(|_| happened.next() != Some(true));
        Ok(Told {
            written,
            readable,
            ended: watching - self.processes.len(),
        })
    }
}
