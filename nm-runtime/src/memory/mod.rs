//! A backend for tests, in the memory of one process. May import `backend`, `terms`,
//! `base`; [`session`] alone makes pools over it.
//!
//! [`state`] is what is known of one pool and what that allows; [`wait`] is how
//! threads wait for it, [`acquire`] the way to a name, [`hold`] a lease; [`runs`] knows
//! which runs are alive; [`process`] is what can be killed.

pub(crate) mod acquire;
pub(crate) mod hold;
pub(crate) mod journal;
pub(crate) mod process;
pub(crate) mod runs;
pub mod session;
pub(crate) mod state;
pub(crate) mod wait;
pub(crate) mod world;

use std::sync::{Arc, Mutex, PoisonError};

use crate::backend::Backend;
use crate::backend::ask::{Answer, Ask};
use crate::backend::hook_files::HookFiles;
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::{Ahead, BlockedHead, NameSnapshot, Others, Snapshot};
use crate::base::error::{Error, Result};
use crate::memory::process::Process;
use crate::memory::state::{Line, Seat, State};
use crate::memory::wait::Part;
use crate::memory::world::Pools;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
#[cfg(feature = "tools")]
use crate::terms::holder::Holder;
use crate::terms::record::Tenure;

/// One pool of a world, for one of its processes.
#[derive(Debug)]
pub(crate) struct Memory {
    pools: Arc<Pools>,
    process: Arc<Process>,
    pool: String,
    key: String,
    /// Replaced when the pool was removed.
    part: Mutex<Option<Arc<Part>>>,
}

impl Memory {
    pub(crate) fn new(pools: Arc<Pools>, process: Arc<Process>, pool: &str) -> Self {
        Self {
            key: pools.key(pool),
            pools,
            process,
            pool: pool.to_owned(),
            part: Mutex::default(),
        }
    }

    /// The process' part in the pool as it is now.
    fn part(&self) -> Arc<Part> {
        let shared = self.pools.pool(&self.pool);
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        match &*part {
            Some(part) if Arc::ptr_eq(&part.pool, &shared) => part.clone(),
            _ => {
                let process = self.process.clone();
                let pool = shared;
                part.insert(Arc::new(Part { pool, process })).clone()
            }
        }
    }

    /// The outcome of a request, unless its pool was removed meanwhile.
    fn settle(part: &Part, answer: Result<Answer>) -> Result<Answer> {
        // A request that gave up has its outcome.
        let gave_up = |error: &Error| error.is_timeout() || error.is_deadlock();
        match answer {
            Err(error) if !gave_up(&error) && part.enter()?.removed => Ok(Answer::Gone),
            answer => answer,
        }
    }

    fn look_at(&self, state: &State) -> Snapshot {
        let mut names: Vec<_> = state.records.iter().collect();
        names.sort_by_key(|(name, _)| (name.len(), *name));
        let names = names.into_iter().map(|(name, record)| {
            let mut holders = record.holders.clone();
            // A dead holder's name is free, whatever its record says.
            holders.retain(|tenure| self.pools.is_alive(tenure.holder.pid));
            NameSnapshot {
                name: name.clone(),
                record: Some(record.clone()),
                #[cfg(feature = "tools")]
                unreadable: false,
                reserved: state.reserved_for(name).is_some(),
                holders,
            }
        });
        let head = state.queue().next().and_then(|seat| match &seat.line {
            Line::Queue(blocked) => blocked.as_deref().cloned(),
            _ => None,
        });
        Snapshot {
            names: names.collect(),
            head,
            hook: state.running_hook(),
            silent: Vec::new(),
            anew: None,
        }
    }
}

impl Backend for Memory {
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answer> {
        let part = self.part();
        Self::settle(&part, acquire::acquire(&part, ask, patience))
    }

    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answer> {
        let part = self.part();
        Self::settle(&part, acquire::try_acquire(&part, ask))
    }

    fn take_back(&self, ask: &Ask<'_>) -> Result<()> {
        acquire::take_back(&self.part(), ask)
    }

    fn keeps_files_open(&self) -> bool {
        false
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>> {
        self.process.go_on()?;
        let pool = self.pools.by_key(key);
        Ok(pool.map(|pool| self.look_at(&pool.lock())))
    }

    fn ahead(&self, ask: &Ask<'_>, _head: Option<&BlockedHead>) -> Ahead {
        let part = self.part();
        let state = part.enter().ok();
        let before = state.and_then(|state| {
            let own = |seat: &Seat| seat.pid == ask.holder.pid && seat.test == ask.holder.test;
            state.queue().position(own)
        });
        Ahead {
            // It says more itself, at once.
            first: None,
            others: Others::Exactly(before.unwrap_or(0).saturating_sub(1)),
        }
    }

    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure)) {
        let part = self.part();
        let Ok(mut state) = part.enter() else {
            return;
        };
        let record = state.records.get_mut(name).into_iter();
        for tenure in record.flat_map(|record| &mut record.holders) {
            if tenure.holder.token == token {
                change(tenure);
            }
        }
    }

    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>> {
        let part = self.part();
        let mut state = part.enter()?;
        let configured = ours.is_some_and(Declaration::is_configured);
        let is_theirs =
            |theirs: &&Declaration| theirs.run == run && theirs.is_configured() == configured;
        let theirs = state.declared.iter().find(is_theirs).cloned();
        if theirs.is_none() {
            state.declared.extend(ours.cloned());
        }
        Ok(theirs)
    }

    fn declarations(&self) -> Result<Vec<Declaration>> {
        Ok(self.part().enter()?.declared.clone())
    }

    fn code(&self) -> Result<PoolCode> {
        Ok(self.part().enter()?.code.clone())
    }

    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode> {
        let part = self.part();
        let mut state = part.enter()?;
        let known = state.code.clone();
        state.code.add(ours);
        Ok(known)
    }

    fn log(&self, entry: &Entry<'_>) {
        if let Ok(mut state) = self.part().enter() {
            journal::log(&mut state, entry);
        }
    }

    /// Hooks of sessions are no commands.
    fn hook_files(
        &self,
        _name: Option<&str>,
        _patience: &mut dyn Patience,
    ) -> Result<Option<HookFiles>> {
        Ok(None)
    }

    fn events(&self, _since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>> {
        let events = self.part().enter()?.journal.clone();
        Ok(Box::new(events.into_iter().map(Ok)))
    }

    fn runs(&self) -> Result<Arc<dyn Runs>> {
        Ok(self.part())
    }

    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten> {
        acquire::forget(&self.part(), &self.pool, holder, force)
    }
}
