//! Locks, with schedules in which a wait ends because its time is over.

use std::cell::RefCell;
use std::time::Duration;

pub use shuttle::sync::{Arc, Barrier, LockResult, Mutex, MutexGuard, PoisonError, atomic};

thread_local! {
    static TIMED: RefCell<Vec<Arc<shuttle::sync::Condvar>>> = const { RefCell::new(Vec::new()) };
}

/// As `std`'s, but that `wait_timeout` waits on after its time, until `ring`.
#[derive(Debug)]
pub struct Condvar(Arc<shuttle::sync::Condvar>);

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    /// As `std`'s.
    pub fn new() -> Self {
        Self(Arc::new(shuttle::sync::Condvar::new()))
    }

    /// As `std`'s.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// As `std`'s.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    /// As `std`'s. Nobody asks whether it was the time.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        TIMED.with_borrow_mut(|timed| timed.push(self.0.clone()));
        match self.0.wait(guard) {
            Ok(guard) => Ok((guard, ())),
            Err(error) => Err(PoisonError::new((error.into_inner(), ()))),
        }
    }
}

/// A schedule begins.
pub fn begin() {
    TIMED.with_borrow_mut(Vec::clear);
}

/// Ends all waits whose time may be over.
pub fn ring() {
    for condvar in TIMED.with_borrow(Clone::clone) {
        condvar.notify_all();
    }
}
