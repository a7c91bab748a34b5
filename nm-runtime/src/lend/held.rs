//! What the threads of this process hold: to refuse at once what a thread already holds
//! itself, and to publish what a holder waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::terms::asker::Asker;
use crate::terms::holder::Holder;
use crate::terms::record::{Tenure, Waiting};

static HELD: Mutex<Held> = Mutex::new(Held {
    leases: Vec::new(),
    shared_out: Vec::new(),
});

struct Held {
    leases: Vec<HeldName>,
    /// Names of which threads take turns, too many and too short to be listed here.
    shared_out: Vec<&'static dyn Turns>,
}

/// A name of which the threads of this process take turns. Locked after the table.
pub(crate) trait Turns: Send + Sync {
    /// Its turn, if the holder with this token has one.
    fn by(&self, token: &str) -> Option<HeldName>;

    /// Changes what others see of this turn, unless it is over.
    fn publish(&self, lease: u64, change: &dyn Fn(&mut Tenure));
}

/// One name, held by one thread.
#[derive(Clone, Debug)]
pub(crate) struct HeldName {
    /// The lease's key in this table.
    pub(crate) lease: u64,
    pub(crate) holder: Who,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) name: Arc<str>,
}

/// The holder, or for a name of which threads take turns what it is made of.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Holder(Arc<Holder>),
    Asker(Asker),
}

impl Who {
    pub(crate) fn test(&self) -> &str {
        match self {
            Self::Holder(holder) => &holder.test,
            Self::Asker(asker) => &asker.test,
        }
    }

    fn token(&self) -> String {
        match self {
            Self::Holder(holder) => holder.token.clone(),
            Self::Asker(asker) => asker.token(),
        }
    }
}

fn lock() -> MutexGuard<'static, Held> {
    // A panic while it is locked leaves only complete entries.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn add(held: HeldName) {
    lock().leases.push(held);
}

pub(crate) fn add_turns(turns: &'static dyn Turns) {
    lock().shared_out.push(turns);
}

pub(crate) fn remove(lease: u64) {
    let held = &mut lock().leases;
    if let Some(at) = held.iter().position(|held| held.lease == lease) {
        held.swap_remove(at);
    }
}

/// Whether the lease with this key is not over.
pub(crate) fn is_held(lease: u64) -> bool {
    lock().leases.iter().any(|held| held.lease == lease)
}

/// What the holder with this token holds now.
pub(crate) fn by(token: &str) -> Vec<HeldName> {
    let held = lock();
    let leases = held.leases.iter();
    let mut found: Vec<_> = leases
        .filter(|held| held.holder.token() == token)
        .cloned()
        .collect();
    for turns in &held.shared_out {
        if let Some(turn) = turns.by(token) {
            found.push(turn);
        }
    }
    found
}

/// Shows in the records of `held` what their holder waits for.
pub(crate) fn publish(held: &[HeldName], waiting: Option<&Waiting>) {
    let change = |tenure: &mut Tenure| tenure.waiting = waiting.cloned();
    for held in held {
        // Another thread may be releasing it. A release leaves the table before it
        // changes the record and unlocks, so a name in the table does not belong to
        // the next holder yet, and cannot while the table is locked.
        let table = lock();
        if table.leases.iter().any(|now| now.lease == held.lease) {
            held.backend
                .publish(&held.name, &held.holder.token(), &change);
        }
        for turns in &table.shared_out {
            turns.publish(held.lease, &change);
        }
    }
}

/// Shows in the records of what this test still holds that its body ended at this time.
pub(crate) fn outlive(test: &Holder, time: u64) {
    let change = |tenure: &mut Tenure| tenure.body_ended = Some(time);
    // Locked all the while: see above.
    let table = lock();
    let is_of = |held: &HeldName| {
        let holder = &held.holder;
        holder.test() == test.test && holder.token() == test.token
    };
    for held in table.leases.iter().filter(|held| is_of(held)) {
        held.backend.publish(&held.name, &test.token, &change);
    }
    for turns in &table.shared_out {
        if let Some(turn) = turns.by(&test.token).filter(is_of) {
            turns.publish(turn.lease, &change);
        }
    }
}
