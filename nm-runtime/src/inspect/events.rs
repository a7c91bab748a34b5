//! The events of a pool, of this machine or of a server.

use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::vec;

use crate::base::error::Result;
use crate::inspect::server_pool::ServerPool;
use crate::journal::{Event, Reader};

/// Reads a pool's journal, oldest event first.
///
/// At the end it returns `None`; called again later it returns what has happened meanwhile.
#[derive(Debug)]
pub struct Events(Of);

#[derive(Debug)]
enum Of {
    Machine(Reader),
    Server(Box<Told>),
}

/// What a server tells, each time from a while ago on.
#[derive(Debug)]
struct Told {
    pool: ServerPool,
    next: vec::IntoIter<Event>,
    /// The last that were told, by time.
    last: VecDeque<Event>,
    asked: Option<Instant>,
}

/// An event may be written so long after the time that it bears: by the clock of a machine that
/// is behind, or after a silence.
const LATE: u64 = 60_000_000;

/// How often a server is asked for more.
const EVERY: Duration = Duration::from_secs(1);

impl Events {
    pub(super) fn of_machine(reader: Reader) -> Self {
        Self(Of::Machine(reader))
    }

    pub(super) fn of_server(pool: ServerPool) -> Self {
        Self(Of::Server(Box::new(Told {
            pool,
            next: Vec::new().into_iter(),
            last: VecDeque::new(),
            asked: None,
        })))
    }

    /// How many invalid lines were skipped so far.
    pub fn skipped(&self) -> u64 {
        match &self.0 {
            Of::Machine(reader) => reader.skipped(),
            Of::Server(_) => 0,
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Of::Machine(reader) => reader.next(),
            Of::Server(told) => told.next().transpose(),
        }
    }
}

impl Told {
    fn next(&mut self) -> Result<Option<Event>> {
        if let Some(event) = self.next.next() {
            return Ok(Some(event));
        }
        if self.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
            return Ok(None);
        }
        let since = self.last.iter().map(|event| event.time).max();
        let since = since.map_or(0, |last| last.saturating_sub(LATE));
        self.last.retain(|event| event.time >= since);
        let mut new = Vec::new();
        for event in self.pool.events(since)? {
            let event = event?;
            if !self.last.contains(&event) {
                new.push(event);
            }
        }
        self.asked = Some(Instant::now());
        let newest = new.iter().map(|event| event.time).max().unwrap_or(0);
        let late = new.iter();
        let late = late.filter(|event| event.time >= newest.saturating_sub(LATE));
        self.last.extend(late.cloned());
        self.next = new.into_iter();
        Ok(self.next.next())
    }
}
