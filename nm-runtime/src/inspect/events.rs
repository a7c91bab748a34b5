//! The events of a pool, of this machine or of a server.

use std::collections::HashSet;
use std::time::{Duration, Instant};
use std::vec;

use crate::base::error::Result;
use crate::inspect::server_pool::ServerPool;
use crate::journal::{Event, Kind, Phase, Reader};

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
    /// The last that were told.
    last: HashSet<Key>,
    newest: u64,
    asked: Option<Instant>,
    /// Whether the end of what was told is known to who reads.
    is_over: bool,
}

/// Tells events apart.
type Key = (u64, String, Kind, Option<String>, Option<Phase>);

fn key(event: &Event) -> Key {
    let Event {
        time,
        id,
        kind,
        name,
        phase,
        ..
    } = event;
    (*time, id.clone(), *kind, name.clone(), *phase)
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
            last: HashSet::new(),
            newest: 0,
            asked: None,
            is_over: true,
        })))
    }

    /// So many events at the end; and what happens from then on.
    pub(super) fn end_of_server(pool: ServerPool, most: u32) -> Result<Self> {
        let events = pool.last_events(most)?;
        let mut end = Self::of_server(pool);
        if let Of::Server(told) = &mut end.0 {
            told.take(events);
        }
        Ok(end)
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
        let is_early = self.asked.is_some_and(|asked| asked.elapsed() < EVERY);
        if !self.is_over || is_early {
            self.is_over = true;
            return Ok(None);
        }
        let since = self.newest.saturating_sub(LATE);
        self.last.retain(|(time, ..)| *time >= since);
        let mut events = self.pool.events(since)?.collect::<Result<Vec<_>>>()?;
        if !self.last.is_empty() {
            events.retain(|event| !self.last.contains(&key(event)));
        }
        self.take(events);
        Ok(self.next.next())
    }

    /// Takes in what is new.
    fn take(&mut self, new: Vec<Event>) {
        let times = new.iter().map(|event| event.time);
        self.newest = times.fold(self.newest, u64::max);
        let since = self.newest.saturating_sub(LATE);
        let late = new.iter().filter(|event| event.time >= since);
        self.last.extend(late.map(key));
        self.asked = Some(Instant::now());
        self.next = new.into_iter();
        self.is_over = self.next.len() == 0;
    }
}
