//! Takes what an allocator grants, at the head of the pool's queue.

use std::io;
use std::time::{Duration, Instant};

use crate::backend::ask::Ask;
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::{Error, Kind, Result};
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::files;
use crate::local::head::{Head, Take, Taken, broken, try_lock_name};
use crate::local::{look, pool_code};
use crate::sys::{self, WakeSet};
use crate::terms::access::Access;
use crate::terms::code::{Code, PoolCode};
use crate::terms::decision::{Asked, Assignment, Decide};
use crate::terms::name;
use crate::terms::record::FORMAT;

/// How often an allocator that is busy is asked again although no holder ended.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// The decisions in force.
#[derive(Debug)]
pub(crate) struct Decisions {
    v: u32,
    /// The allocator's own state.
    state: String,
    /// What it has granted and not been told to be back.
    names: Vec<String>,
}

json::object!(Decisions { v, state, names });

impl Decisions {
    fn read(dir: &PoolDir) -> Result<Self> {
        let path = dir.pool.path().join(files::DECISIONS);
        let text = match sys::read_regular(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Decisions::none()),
            Err(error) => return Err(unusable(&path, error)),
        };
        // Guessing what was decided could hand out one thing twice.
        json::from_slice(&text).ok_or_else(|| {
            Error::config(format!(
                "`{}` is unreadable; remove it while no tests run: what its pool decided is forgotten then",
                path.display()
            ))
        })
    }

    fn none() -> Self {
        Self {
            v: FORMAT,
            state: String::new(),
            names: Vec::new(),
        }
    }

    fn write(&self, dir: &PoolDir) -> Result<()> {
        let path = dir.pool.path().join(files::DECISIONS);
        replace(&path, &(json::to_string(self) + "\n"))
    }
}

impl Head<'_> {
    /// Takes what the allocator grants, waiting while it is busy.
    pub(crate) fn take_assigned(
        &self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
        patience: &mut dyn Patience,
    ) -> Result<Taken> {
        if let Some(taken) = self.try_take_assigned(ask, allocator)? {
            return Ok(taken);
        }
        patience.blocked();
        let failed = |error| unusable(self.dir.names.path(), error);
        loop {
            let out = Decisions::read(self.dir)?.names;
            let fifos: Vec<_> = out.iter().map(|name| files::fifo(name)).collect();
            let wakes = WakeSet::open(&self.dir.names, fifos.iter().map(String::as_str));
            let mut wakes = wakes.map_err(failed)?;
            // Asked after the FIFOs are open: a holder that ends from here on wakes us.
            if let Some(taken) = self.try_take_assigned(ask, allocator)? {
                return Ok(taken);
            }
            patience.tick()?;
            let timeout = patience.until().saturating_duration_since(Instant::now());
            wakes.wait(timeout.min(ASK_AGAIN)).map_err(failed)?;
        }
    }

    /// Asks the allocator once.
    pub(crate) fn try_take_assigned(
        &self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
    ) -> Result<Option<Taken>> {
        let pool = ask.pool;
        let mut decisions = Decisions::read(self.dir)?;
        if let Some(code) = ask.allocator {
            self.declare(ask, code, &decisions)?;
        }
        self.take_back(ask, allocator, &mut decisions)?;
        let asked = Asked {
            test: &ask.holder.test,
            run: &ask.holder.run,
        };
        let decided = allocator.decide(&decisions.state, &asked);
        let (state, assignment) = decided.map_err(|error| {
            Error::hook(
                format!("the allocator of pool `{pool}` failed to assign"),
                error,
            )
        })?;
        let assigned = match assignment {
            Assignment::Granted(assigned) => assigned,
            Assignment::Busy => return Ok(None),
            Assignment::Never(reason) => {
                return Err(Error::new(
                    Kind::Never,
                    format!("pool `{pool}` can never grant this: {reason}"),
                ));
            }
        };
        let refuse = |why: &str| {
            let name = assigned.name.escape_debug();
            Error::config(format!(
                "the allocator of pool `{pool}` granted `{name}`, {why}"
            ))
        };
        name::check_name(&assigned.name)
            .map_err(|error| refuse("which cannot be a name").because(error))?;
        let twin = |name: &String| name.eq_ignore_ascii_case(&assigned.name);
        if decisions.names.iter().any(twin) {
            return Err(refuse(
                "which is held; grant what was never granted, or is back",
            ));
        }
        // Locked before it is written down: if we die in between, nothing was decided.
        let index = decisions.names.len();
        let mut taken = match self.take(ask, index, &assigned.name)? {
            Take::Taken(taken) => taken,
            Take::Busy => return Err(refuse("which is held outside of its decisions")),
            Take::Broken(reason) => return Err(broken(pool, &reason)),
        };
        decisions.state = state;
        decisions.names.push(assigned.name.clone());
        decisions.write(self.dir)?;
        taken.assigned = Some(assigned);
        Ok(Some(taken))
    }

    /// Makes sure that no process without the allocator takes names from here on, and that
    /// none holds one that it took before.
    fn declare(&self, ask: &Ask<'_>, code: &Code, decisions: &Decisions) -> Result<()> {
        if pool_code::read(self.dir)?.allocator.is_none() {
            let path = self.dir.names.path();
            let recorded = look::recorded(path).map_err(|error| unusable(path, error))?;
            for name in recorded {
                let is_known = decisions.names.contains(&name);
                if !is_known && try_lock_name(self.dir, &name, Access::Exclusive)?.is_none() {
                    let held = look::held_by(path, &name);
                    return Err(missing_code::held_without(ask.pool, &held, code));
                }
            }
        }
        let ours = PoolCode {
            allocator: Some(code.clone()),
            ..PoolCode::default()
        };
        pool_code::add(self.dir, &ours).map(drop)
    }

    /// Tells the allocator of every holder that has ended: its name's lock is free.
    fn take_back(
        &self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
        decisions: &mut Decisions,
    ) -> Result<()> {
        let mut ended = Vec::new();
        for (index, name) in decisions.names.iter().enumerate() {
            match self.take(ask, index, name)? {
                Take::Busy => {}
                Take::Taken(_) | Take::Broken(_) => ended.push(name.clone()),
            }
        }
        if ended.is_empty() {
            return Ok(());
        }
        let told = allocator.take_back(&decisions.state, &ended);
        decisions.state = told.map_err(|error| {
            let pool = ask.pool;
            Error::hook(
                format!("the allocator of pool `{pool}` failed to release"),
                error,
            )
        })?;
        decisions.names.retain(|name| !ended.contains(name));
        decisions.write(self.dir)
    }
}
