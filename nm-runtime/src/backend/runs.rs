//! The runs of a pool, and the lock under which its life changes.

use std::fmt;

use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::terms::pool_life::PoolLife;
use crate::terms::run_note::RunNote;

/// Runs, as far as a pool's life depends on them.
pub(crate) trait Runs: fmt::Debug + Send + Sync {
    /// Makes this process one of the run's, as long as the guard lives. Waits while
    /// what an earlier part of the run left is cleaned up.
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>>;

    /// Whether some process of the run is alive, or its reaper. Not for the
    /// caller's own run. Waits while another process asks the same.
    fn is_alive(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool>;

    /// Whether it is alive and not over: false from [`Reaping::begin`] on, although what
    /// it left is still being cleaned up. Not for the caller's own run.
    fn is_running(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool>;

    /// Sees to it that the run has a reaper: calls `start` if there is none, one
    /// process at a time.
    fn ensure_reaper(
        &self,
        run: &str,
        patience: &mut dyn Patience,
        start: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()>;

    /// Becomes the run's reaper; `None` if there is one.
    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>>;

    /// Locks the pool's life, waiting for it.
    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>>;

    /// The pool's life as it was stored last; `None` if it never was, or is gone.
    fn life_by_now(&self) -> Option<PoolLife>;

    /// Whether all that was known of the pool has been removed, and nobody has begun anew.
    fn is_gone(&self) -> bool;
}

/// Membership of a run. Left when it drops, in the process that joined.
pub(crate) trait Guard: fmt::Debug + Send + Sync {}

/// A reaper's hold on its run, which counts as alive until [`Reaping::begin`].
pub(crate) trait Reaping {
    /// Stores what is known of this clean-up. For people, and for those who do again what
    /// we do if we are killed: a failure is not reported.
    fn note(&mut self, note: &RunNote);

    /// The runner has ended: waits until no process of the run is alive and no
    /// other reaper cleans. From here on no process can join the run.
    fn begin(&mut self) -> Result<()>;

    /// The run is cleaned up after: forgets it, and runs whose reapers died. Its note stays
    /// if that says that something is left.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The pool's life, locked.
pub(crate) trait LifeLock {
    /// As it is stored.
    fn read(&self) -> Result<PoolLife>;

    /// Stores it.
    fn write(&self, life: &PoolLife) -> Result<()>;
}
