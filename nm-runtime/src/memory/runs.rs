//! Which runs use a pool.

use crate::backend::patience::Patience;
use crate::backend::runs::{Guard, LifeLock, Reaping, Runs};
use crate::base::error::Result;
use crate::memory::state::Thing;
use crate::memory::wait::{Locked, Part};
use crate::terms::access::Access;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::FORMAT;
use crate::terms::run_note::RunNote;

impl Guard for Locked {}

impl Runs for Part {
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>> {
        let alive = Thing::Alive(run.to_owned());
        let alive = self.lock(alive, Access::Shared, Some(patience))?;
        Ok(Box::new(alive))
    }

    fn is_alive(&self, run: &str, _: Option<&mut dyn Patience>) -> Result<bool> {
        let state = self.enter()?;
        let things = [Thing::Alive(run.to_owned()), Thing::Reaper(run.to_owned())];
        Ok(things.iter().any(|thing| state.is_locked(thing)))
    }

    fn is_running(&self, run: &str, _: Option<&mut dyn Patience>) -> Result<bool> {
        Ok(self.enter()?.is_running(run))
    }

    fn ensure_reaper(
        &self,
        run: &str,
        _: &mut dyn Patience,
        start: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let has_reaper = || Ok(self.enter()?.is_locked(&Thing::Reaper(run.to_owned())));
        if has_reaper()? {
            return Ok(());
        }
        let _start = self.lock(Thing::Start(run.to_owned()), Access::Exclusive, None)?;
        match has_reaper()? {
            true => Ok(()),
            false => start(),
        }
    }

    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>> {
        let reaper = Thing::Reaper(run.to_owned());
        let reaper = self.try_lock(&mut *self.enter()?, &reaper, Access::Exclusive);
        let Some(reaper) = reaper else {
            return Ok(None);
        };
        let alive = self.lock(Thing::Alive(run.to_owned()), Access::Shared, None)?;
        Ok(Some(Box::new(Reaper {
            part: self,
            run: run.to_owned(),
            alive: Some(alive),
            over: None,
            _reaper: reaper,
            turn: None,
        })))
    }

    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>> {
        Ok(Box::new(Life {
            part: self,
            _lock: self.lock(Thing::Life, Access::Exclusive, patience)?,
        }))
    }

    fn life_by_now(&self) -> Option<PoolLife> {
        let life = self.enter().ok()?.life.clone();
        (life.v != 0).then_some(life)
    }

    fn is_gone(&self) -> bool {
        self.enter().is_ok_and(|state| state.removed)
    }
}

/// A run's reaper.
struct Reaper<'a> {
    part: &'a Part,
    run: String,
    /// Until the runner has ended.
    alive: Option<Locked>,
    /// From then on: no process can join the run.
    over: Option<Locked>,
    _reaper: Locked,
    /// No other reaper cleans. Dropped last: the next one finds this run over.
    turn: Option<Locked>,
}

impl Reaping for Reaper<'_> {
    // Nobody looks at this backend from outside.
    fn note(&mut self, _: &RunNote) {}

    fn begin(&mut self) -> Result<()> {
        self.alive = None;
        let alive = Thing::Alive(self.run.clone());
        self.over = Some(self.part.lock(alive, Access::Exclusive, None)?);
        self.turn = Some(self.part.lock(Thing::Turn, Access::Exclusive, None)?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

/// The lock under which the pool's life changes.
struct Life<'a> {
    part: &'a Part,
    _lock: Locked,
}

impl LifeLock for Life<'_> {
    fn read(&self) -> Result<PoolLife> {
        Ok(self.part.enter()?.life.clone())
    }

    fn write(&self, life: &PoolLife) -> Result<()> {
        self.part.enter()?.life = PoolLife {
            v: FORMAT,
            ..life.clone()
        };
        Ok(())
    }
}
