use nm_runtime::Error;
use nm_runtime::inspect::{Events, Found};
use nm_runtime::journal::Event;

use crate::screen::stderr;

/// The events of several pools by their time. Of one pool they stay in the order
/// in which they happened, also where the clock was set back.
pub struct Merged {
    pools: Vec<(Events, Option<Event>)>,
}

impl Merged {
    pub fn open(pools: &[Found]) -> Result<Self, Error> {
        let mut readers = Vec::with_capacity(pools.len());
        for pool in pools {
            readers.push((pool.events()?, None));
        }
        Ok(Self { pools: readers })
    }

    /// Warns of invalid lines, if there were any.
    pub fn warn_of_skipped(&self) {
        let skipped: u64 = self.pools.iter().map(|(reader, _)| reader.skipped()).sum();
        if skipped > 0 {
            let lines = if skipped == 1 { "line" } else { "lines" };
            stderr::warn(&format!("skipped {skipped} invalid journal {lines}"));
        }
    }

    /// Adds a pool that is new.
    pub fn add(&mut self, pool: &Found) -> Result<(), Error> {
        self.pools.push((pool.events()?, None));
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = Result<Event, Error>;

    /// `None` at the end; called again, the events since then.
    fn next(&mut self) -> Option<Self::Item> {
        let mut first: Option<(usize, u64)> = None;
        for (at, (reader, next)) in self.pools.iter_mut().enumerate() {
            if next.is_none() {
                *next = match reader.next().transpose() {
                    Ok(event) => event,
                    Err(error) => return Some(Err(error)),
                };
            }
            if let Some(event) = next
                && first.is_none_or(|(_, time)| event.time < time)
            {
                first = Some((at, event.time));
            }
        }
        let (at, _) = first?;
        self.pools[at].1.take().map(Ok)
    }
}
