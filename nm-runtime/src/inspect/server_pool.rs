//! A pool whose names a server lends, as this machine's agent tells of it.

use std::collections::BTreeMap;

use crate::backend::Backend;
use crate::backend::patience::Deadline;
use crate::backend::snapshot::Snapshot;
use crate::base::error::Result;
use crate::config::pool::SizeFrom;
use crate::config::surroundings::Surroundings;
use crate::config::variables;
use crate::inspect::waiter;
use crate::journal::{Event, Kind};
use crate::local::runs::Seen;
use crate::local::waiters::{Recent, Waiter};
use crate::remote::Remote;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::pool_life::PoolLife;

#[derive(Debug)]
pub(super) struct ServerPool(Remote);

impl ServerPool {
    pub(super) fn open(pool: &str, around: &Surroundings) -> Result<Option<Self>> {
        let config = around.pool(pool)?;
        let Some(server) = &config.server else {
            return Ok(None);
        };
        let place = match config.size_from {
            SizeFrom::Attribute(place) => Some(place),
            SizeFrom::Configuration | SizeFrom::Nowhere => config.header,
        };
        Ok(Some(Self(Remote::new(
            config.state_dir.clone(),
            server,
            variables::get()?.program.clone(),
            &pool.into(),
            place.unwrap_or_else(|| "the environment".to_owned()),
        ))))
    }

    /// The pool, and its waiters in the order in which they came.
    pub(super) fn look(&self, pool: &str) -> Result<(Snapshot, Vec<Waiter>)> {
        let (snapshot, line) = self.0.seen()?;
        let mut ticket = 0;
        let waiters = line.into_iter().map(|waiting| {
            let in_queue = waiting.is_in_queue();
            ticket += u64::from(in_queue);
            waiter::of_server(pool, waiting, in_queue.then_some(ticket))
        });
        Ok((snapshot, waiters.collect()))
    }

    pub(super) fn code(&self) -> Result<PoolCode> {
        self.0.code()
    }

    pub(super) fn declarations(&self) -> Result<Vec<Declaration>> {
        self.0.declarations()
    }

    pub(super) fn life(&self) -> Result<PoolLife> {
        Ok(self.0.runs()?.life_by_now().unwrap_or_default())
    }

    pub(super) fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        self.0.events(since)
    }

    /// So many at the end of the journal.
    pub(super) fn last_events(&self, most: u32) -> Result<Vec<Event>> {
        self.0.last_events(most)
    }

    /// The hooks that run on names which somebody holds.
    pub(super) fn hooks(&self, snapshot: &Snapshot) -> Result<BTreeMap<String, Event>> {
        let holders = snapshot.names.iter().flat_map(|name| &name.holders);
        let Some(since) = holders.map(|tenure| tenure.holder.since).min() else {
            return Ok(BTreeMap::new());
        };
        let mut recent = Recent::default();
        for event in self.0.events(since)? {
            let event = event?;
            // Of a name that another holder has had since.
            if let (Kind::Acquired, Some(name)) = (event.kind, &event.name) {
                recent.hooks.remove(name);
            }
            recent.add(event);
        }
        Ok(recent.hooks)
    }

    /// The runs of which something is known.
    pub(super) fn runs(&self) -> Result<Vec<Seen>> {
        let runs = self.0.runs()?;
        let notes = self.0.run_notes()?.into_iter();
        let seen = notes.map(|note| {
            Ok(Seen {
                has_reaper: runs.is_alive(&note.run, None)?,
                run: note.run.clone(),
                note: Some(note),
            })
        });
        seen.collect()
    }

    /// The runs that are over and being cleaned up after.
    pub(super) fn cleaning(&self, seen: &[Seen]) -> Result<Vec<String>> {
        let runs = self.0.runs()?;
        let mut over = Vec::new();
        for seen in seen.iter().filter(|seen| seen.has_reaper) {
            if !runs.is_running(&seen.run, None)? {
                over.push(seen.run.clone());
            }
        }
        Ok(over)
    }

    pub(super) fn wait_for_reaper(&self, run: &str, mut patience: Deadline) -> Result<bool> {
        self.0.wait_for_reaper(run, &mut patience)
    }
}
