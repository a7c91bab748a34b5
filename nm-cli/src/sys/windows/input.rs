//! Standard input, as something to wait for: read by a thread.

use std::io::{self, IsTerminal, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nm_runtime::windows::{self, Event};

use crate::sys::Source;

/// Standard input.
#[derive(Debug)]
pub struct Input(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Set while there is something to read, and from its end on.
    ready: Event,
    read: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Input {
    pub fn open() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            ready: Event::new()?,
            read: Mutex::default(),
        });
        let reading = shared.clone();
        thread::Builder::new().spawn(move || reading.read())?;
        Ok(Self(shared))
    }

    /// If it can end: a pipe, a socket, or a terminal.
    pub fn that_ends() -> io::Result<Option<Self>> {
        let counts = io::stdin().is_terminal() || windows::input_is_a_pipe();
        counts.then(Self::open).transpose()
    }

    /// Ready when there is something to read, or it has ended.
    pub fn source(&self) -> Source<'_> {
        self.0.ready.handle()
    }
}

impl Shared {
    fn read(&self) {
        let mut room = [0; 4096];
        let mut has_ended = false;
        while !has_ended {
            // What cannot be read has ended.
            let length = io::stdin().read(&mut room).unwrap_or(0);
            has_ended = length == 0;
            let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            known.bytes.extend(&room[..length]);
            known.has_ended = has_ended;
            self.ready.set();
        }
    }
}

impl Read for &Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut known = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
            let length = known.bytes.len().min(room.len());
            if length > 0 || known.has_ended {
                room[..length].copy_from_slice(&known.bytes[..length]);
                known.bytes.drain(..length);
                return Ok(length);
            }
            // Under the lock: what is read from here on sets it again.
            self.0.ready.reset();
            drop(known);
            windows::signalled(&[self.source()], None)?;
        }
    }
}
