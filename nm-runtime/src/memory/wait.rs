//! One pool, and a process' part in it: how its threads wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::backend::patience::Patience;
use crate::base::error::{Error, Kind, Result};
use crate::memory::process::{Process, Status, killed};
use crate::memory::state::{Line, State, Thing};
use crate::terms::access::Access;

/// One pool of a world.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The pool's key among all.
    pub(crate) key: String,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(key: String) -> Self {
        Self {
            key,
            state: Mutex::new(State::new()),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics with it locked fails anyway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process' part in one pool. The same value until the pool is removed.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) pool: Arc<Shared>,
    pub(crate) process: Arc<Process>,
}

impl Part {
    /// The pool's state, for a thread of a process that runs.
    pub(crate) fn enter(&self) -> Result<MutexGuard<'_, State>> {
        loop {
            self.process.go_on()?;
            let state = self.pool.lock();
            // Stopped or killed from here on, it has been so since after this.
            if self.process.status() == Status::Running {
                return Ok(state);
            }
        }
    }

    /// As [`Part::enter`], for what must not be asked of a pool that was removed.
    pub(crate) fn enter_current(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.enter()?;
        match state.removed {
            true => Err(Error::new(Kind::Io, "the pool was removed")),
            false => Ok(state),
        }
    }

    pub(crate) fn sit(&self, line: Line, test: &str) -> Result<Place<'_>> {
        let number = self.enter_current()?.sit(line, self.process.pid, test);
        Ok(Place { part: self, number })
    }

    /// Locks something that its owners come to in no order, waiting for it.
    pub(crate) fn lock(
        &self,
        thing: Thing,
        access: Access,
        patience: Option<&mut dyn Patience>,
    ) -> Result<Locked> {
        let place = self.sit(Line::Aside, "")?;
        let lock = |state: &mut State| Ok(self.try_lock(state, &thing, access));
        place.wait(patience, lock)
    }

    pub(crate) fn try_lock(
        &self,
        state: &mut State,
        thing: &Thing,
        access: Access,
    ) -> Option<Locked> {
        let key = state.lock(thing, self.process.pid, access)?;
        Some(Locked {
            pool: self.pool.clone(),
            thing: thing.clone(),
            key,
        })
    }
}

/// A lock of this process. Unlocked when it drops.
#[derive(Debug)]
pub(crate) struct Locked {
    pool: Arc<Shared>,
    thing: Thing,
    key: u64,
}

impl Locked {
    pub(crate) fn share(&self, state: &mut State) {
        state.share(&self.thing, self.key);
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.pool.lock().unlock(&self.thing, self.key);
    }
}

/// A waiter's place, left when it drops.
pub(crate) struct Place<'a> {
    part: &'a Part,
    pub(crate) number: u64,
}

impl Place<'_> {
    /// Waits until a look finds something.
    pub(crate) fn wait<T>(
        &self,
        mut patience: Option<&mut dyn Patience>,
        mut look: impl FnMut(&mut State) -> Result<Option<T>>,
    ) -> Result<T> {
        loop {
            {
                let mut state = self.part.enter_current()?;
                if let Some(found) = look(&mut state)? {
                    return Ok(found);
                }
                // Before patience is asked: what changes meanwhile is looked at, too.
                state.seat(self.number).parked = true;
            }
            let until = match &mut patience {
                Some(patience) => {
                    patience.tick()?;
                    Some(patience.until())
                }
                None => None,
            };
            self.sleep(until)?;
        }
    }

    /// Sleeps until something has changed since the place was parked, or until then.
    pub(crate) fn sleep(&self, until: Option<Instant>) -> Result<()> {
        let mut state = self.part.pool.lock();
        loop {
            let status = self.part.process.status();
            if status == Status::Killed {
                return Err(killed());
            }
            let seat = state.seat(self.number);
            let woken = seat.woken.clone();
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                _ if status == Status::Stopped => {
                    woken.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
                _ if !seat.parked => return Ok(()),
                Some(left) if left.is_zero() => {
                    seat.parked = false;
                    return Ok(());
                }
                Some(left) => {
                    let woken = woken.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => woken.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.part.pool.lock().stand_up(self.number);
    }
}
