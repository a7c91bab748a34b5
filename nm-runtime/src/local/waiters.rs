//! A pool's waiters, from its tickets and its journal: for people.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use nm_os::{ProcessState, process_state};

use crate::backend::snapshot::BlockedHead;
use crate::base::error::Result;
use crate::journal::{Kind, Reader};
use crate::terms::event::{Event, Phase};

/// A waiter of a pool.
#[derive(Clone, Debug)]
pub struct Waiter {
    /// The request.
    pub id: String,
    /// The process.
    pub pid: u32,
    /// Its number in the queue: `None` for the head, and for a waiter beside the queue
    /// for one given name.
    pub ticket: Option<u64>,
    /// What its `waiting` event says; `None` if that is gone from the journal.
    pub event: Option<Event>,
}

/// What the end of a journal says about the present.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    waiting: HashMap<String, Event>,
    /// The hook that runs on a name.
    pub(crate) hooks: BTreeMap<String, Event>,
}

/// How much of a journal is read to find waiters without a ticket. The head of the queue
/// is not overtaken, so little is written while it waits. A waiter for a given name has
/// a reservation.
const ENOUGH: u64 = 1 << 17;

impl Recent {
    /// Reads until the waiter of each of these tickets is known, and a waiter for each
    /// of these names.
    pub(crate) fn read(
        pool_dir: &Path,
        tickets: &BTreeMap<u64, String>,
        reserved: &[String],
    ) -> Result<Self> {
        let mut recent = Self::default();
        let mut size = ENOUGH;
        loop {
            let tail = Reader::open_near_end(pool_dir, size)?;
            let whole = tail.is_whole();
            recent.waiting.clear();
            recent.hooks.clear();
            for event in tail {
                recent.add(event?);
            }
            let known = |id: &String| recent.waiting.contains_key(id);
            let wanted = |name: &String| {
                let mut waiting = recent.waiting.values();
                waiting.any(|event| event.name.as_ref() == Some(name))
            };
            if whole || (tickets.values().all(known) && reserved.iter().all(wanted)) {
                return Ok(recent);
            }
            size = size.saturating_mul(8);
        }
    }

    pub(crate) fn add(&mut self, event: Event) {
        match event.kind {
            Kind::Waiting => {
                self.waiting.insert(event.id.clone(), event);
            }
            Kind::Acquired | Kind::Timeout | Kind::Deadlock => {
                self.waiting.remove(&event.id);
            }
            Kind::Init | Kind::Reset | Kind::Cleanup => {
                let Some(name) = event.name.clone() else {
                    return;
                };
                match event.phase {
                    Some(Phase::Started) => self.hooks.insert(name, event),
                    _ => self.hooks.remove(&name),
                };
            }
            _ => {}
        }
    }

    /// The waiters in arrival order: those without a ticket by time, then the queue.
    /// `reserved` are the names that some waiter has reserved.
    pub(crate) fn waiters(
        mut self,
        tickets: BTreeMap<u64, String>,
        head: Option<&BlockedHead>,
        reserved: &[String],
    ) -> Vec<Waiter> {
        let mut waiters = Vec::new();
        for (number, id) in tickets {
            let event = self.waiting.remove(&id);
            waiters.push(Waiter {
                pid: pid_of(&id),
                ticket: Some(number),
                event,
                id,
            });
        }
        let mut others: Vec<_> = self.waiting.into_iter().collect();
        others.retain(|(_, event)| {
            let holder = &event.holder;
            match process_state(holder.pid, holder.pid_namespace) {
                ProcessState::Ended => false,
                ProcessState::Running | ProcessState::Stopped => true,
                // A killed waiter's event stays in the journal.
                ProcessState::Elsewhere | ProcessState::Unknown => match &event.name {
                    Some(name) => reserved.contains(name),
                    None => head.is_some_and(|head| head.holder.token == holder.token),
                },
            }
        });
        others.sort_by_key(|(_, event)| event.time);
        let others = others.into_iter().map(|(id, event)| Waiter {
            pid: event.holder.pid,
            ticket: None,
            event: Some(event),
            id,
        });
        others.chain(waiters).collect()
    }
}

/// Ids are `pid-number`.
fn pid_of(id: &str) -> u32 {
    let pid = id.split_once('-').map_or(id, |(pid, _)| pid);
    pid.parse().unwrap_or(0)
}
