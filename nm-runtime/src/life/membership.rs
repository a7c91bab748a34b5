//! This process's membership of its run: while it lasts, what the run uses is left alone.

use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::backend::runs::{Guard, Runs};
use crate::base::error::Result;
use crate::base::failpoint;
use crate::lend::wait::Wait;
use crate::life::standby::{self, Address};
use crate::terms::holder::Holder;

/// Of a pool that something is done for when its runs end.
pub(crate) struct Membership {
    pool: Arc<str>,
    backend: Arc<dyn Backend>,
    /// How the reaper finds the pool; `None` if no other process can.
    address: Option<Address>,
    /// Kept until the process ends, once it uses the pool.
    joined: Mutex<Option<Joined>>,
}

struct Joined {
    runs: Arc<dyn Runs>,
    _alive: Box<dyn Guard>,
}

impl Membership {
    pub(crate) fn new(
        pool: &Arc<str>,
        backend: &Arc<dyn Backend>,
        address: Option<Address>,
    ) -> Self {
        Self {
            pool: pool.clone(),
            backend: backend.clone(),
            address,
            joined: Mutex::default(),
        }
    }

    /// Called before anything is acquired: the process joins the run, sees to it that
    /// the run has a reaper, and then does what else is to be done first.
    pub(crate) fn enter(
        &self,
        holder: &Holder,
        wait: &mut Wait<'_>,
        first: &mut dyn FnMut(&dyn Runs, &mut Wait<'_>) -> Result<()>,
    ) -> Result<()> {
        let runs = self.backend.runs()?;
        let has_joined = |joined: &Option<Joined>| {
            let known = joined.as_ref();
            known.is_some_and(|joined| ptr::addr_eq(Arc::as_ptr(&joined.runs), Arc::as_ptr(&runs)))
        };
        if has_joined(&self.joined()) {
            return Ok(());
        }
        // Several threads may do this at once, each with its own deadline.
        let run = &*holder.run;
        // Alive before there is a reaper, which waits for us.
        let alive = wait.outside(|wait| runs.join(run, wait))?;
        failpoint::at("run: joined");
        if let Some(address) = &self.address {
            standby::ensure(&self.pool, address, &*runs, run, wait)?;
        }
        failpoint::at("run: has a reaper");
        first(&*runs, wait)?;
        let mut joined = self.joined();
        if !has_joined(&joined) {
            *joined = Some(Joined {
                runs,
                _alive: alive,
            });
        }
        Ok(())
    }

    /// For the run, the process is no more, unless it enters again.
    #[cfg(feature = "tools")]
    pub(crate) fn leave(&self) {
        *self.joined() = None;
    }

    fn joined(&self) -> MutexGuard<'_, Option<Joined>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
