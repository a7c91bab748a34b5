//! What the threads of this process hold: to refuse at once what a thread already holds
//! itself, and to publish what a holder waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::identity::asker::Asker;
use crate::terms::holder::Holder;
use crate::terms::record::{Tenure, Waiting};

static HELD: Mutex<Vec<HeldName>> = Mutex::new(Vec::new());

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

fn lock() -> MutexGuard<'static, Vec<HeldName>> {
    // A panic while it is locked leaves only complete entries.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn add(held: HeldName) {
    lock().push(held);
}

pub(crate) fn remove(lease: u64) {
    let mut held = lock();
    if let Some(at) = held.iter().position(|held| held.lease == lease) {
        held.swap_remove(at);
    }
}

/// Whether the lease with this key is not over.
pub(crate) fn is_held(lease: u64) -> bool {
    lock().iter().any(|held| held.lease == lease)
}

/// What the holder with this token holds now.
pub(crate) fn by(token: &str) -> Vec<HeldName> {
    let held = lock();
    held.iter()
        .filter(|held| held.holder.token() == token)
        .cloned()
        .collect()
}

/// Shows in the records of `held` what their holder waits for.
pub(crate) fn publish(held: &[HeldName], waiting: Option<&Waiting>) {
    for held in held {
        // Another thread may be releasing it. A release leaves the table before it
        // changes the record and unlocks, so a name in the table does not belong to
        // the next holder yet, and cannot while the table is locked.
        let table = lock();
        if table.iter().any(|now| now.lease == held.lease) {
            let change = |tenure: &mut Tenure| tenure.waiting = waiting.cloned();
            held.backend
                .publish(&held.name, &held.holder.token(), &change);
        }
    }
}

/// Shows in the records of what this test still holds that its body ended at this time.
pub(crate) fn outlive(test: &Holder, time: u64) {
    // Locked all the while: see above.
    for held in lock().iter() {
        let holder = &held.holder;
        if holder.test() == test.test && holder.token() == test.token {
            let change = |tenure: &mut Tenure| tenure.body_ended = Some(time);
            held.backend.publish(&held.name, &test.token, &change);
        }
    }
}
