//! Takes what an allocator grants, at the head of the pool's queue.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::ask::Ask;
use crate::backend::broken;
use crate::backend::decisions::{ASK_AGAIN, Decisions};
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::grant::head_soon;
use crate::local::head::{Head, Take, Taken, try_lock_name};
use crate::local::{files, look, pool_code};
use crate::sys::{self, WakeSet};
use crate::terms::access::Access;
use crate::terms::code::{Code, PoolCode};
use crate::terms::decision::Decide;

/// For how long a name may be locked by a process that does not hold it.
const A_MOMENT: Duration = Duration::from_secs(1);

fn read(dir: &PoolDir) -> Result<Decisions> {
    let path = dir.pool.path().join(files::DECISIONS);
    let text = match sys::read_regular(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Decisions::none()),
        Err(error) => return Err(unusable(&path, error)),
    };
    // Guessing what was decided could hand out one thing twice.
    json::from_slice(&text).ok_or_else(|| {
        Error::config(format!(
            "`{}` is unreadable; remove it while no tests run: the decisions of the pool's allocator are then forgotten",
            path.display()
        ))
    })
}

fn write(decisions: &Decisions, dir: &PoolDir) -> Result<()> {
    let path = dir.pool.path().join(files::DECISIONS);
    replace(&path, &(json::to_string(decisions) + "\n"))
}

/// Tells the allocator of every holder that has ended, unless a request is being served,
/// which does so itself.
pub(crate) fn take_back(dir: &PoolDir, ask: &Ask<'_>) -> Result<()> {
    match (ask.decide, head_soon(dir)?) {
        (Some(allocator), Some(head)) => head.take_back(ask, allocator).map(drop),
        _ => Ok(()),
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
            let out = read(self.dir)?.names;
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
        let mut decisions = self.take_back(ask, allocator)?;
        let Some(assigned) = decisions.decide(ask, allocator)? else {
            return Ok(None);
        };
        // Locked before it is written down: if we die in between, nothing was decided.
        let index = decisions.names.len() - 1;
        let mut taken = match self.take_granted(ask, index, &assigned.name)? {
            Take::Taken(taken) => taken,
            Take::Busy => return Err(Decisions::held_outside(ask, &assigned)),
            Take::Broken(reason) => return Err(broken::error(ask.pool, &reason)),
        };
        write(&decisions, self.dir)?;
        taken.assigned = Some(assigned);
        Ok(Some(taken))
    }

    /// Takes a name that the allocator grants. It is free, but a process that looks whether
    /// it is held, or that is refused it, locks it for a moment.
    fn take_granted(&self, ask: &Ask<'_>, index: usize, name: &str) -> Result<Take> {
        let started = Instant::now();
        loop {
            match self.take(ask, index, name)? {
                Take::Busy if started.elapsed() < A_MOMENT => thread::sleep(A_MOMENT / 1000),
                found => return Ok(found),
            }
        }
    }

    /// Tells the allocator of every holder that has ended. The decisions that are left.
    fn take_back(&self, ask: &Ask<'_>, allocator: &dyn Decide) -> Result<Decisions> {
        let mut decisions = read(self.dir)?;
        if let Some(code) = ask.allocator {
            self.declare(ask, code, &decisions)?;
        }
        let ended = self.ended(&decisions)?;
        if !ended.is_empty() {
            decisions.take_back(ask, allocator, &ended)?;
            write(&decisions, self.dir)?;
        }
        Ok(decisions)
    }

    /// Makes sure that no process without the allocator takes names from here on, and that
    /// none holds one that it took before.
    fn declare(&self, ask: &Ask<'_>, code: &Code, decisions: &Decisions) -> Result<()> {
        let ours = PoolCode {
            allocator: Some(code.clone()),
            ..PoolCode::default()
        };
        let known = pool_code::add(self.dir, &ours)?;
        if known.allocator.is_some() {
            return Ok(());
        }
        let path = self.dir.names.path();
        let recorded = look::recorded(path).map_err(|error| unusable(path, error))?;
        for name in recorded {
            let is_known = decisions.names.contains(&name);
            if !is_known && try_lock_name(self.dir, &name, Access::Exclusive)?.is_none() {
                // The next decision must look again.
                pool_code::write(self.dir, &known)?;
                let record = look::read(path, &name);
                return Err(missing_code::held_without(
                    ask.pool,
                    &name,
                    record.as_ref(),
                    code,
                ));
            }
        }
        Ok(())
    }

    /// Names whose holders have ended: their locks are free, or shared by a process that
    /// looks whether they are held, since holders share none.
    fn ended(&self, decisions: &Decisions) -> Result<Vec<String>> {
        let mut ended = Vec::new();
        for name in &decisions.names {
            if try_lock_name(self.dir, name, Access::Shared)?.is_some() {
                ended.push(name.clone());
            }
        }
        Ok(ended)
    }
}
