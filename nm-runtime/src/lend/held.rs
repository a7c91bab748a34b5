//! What the threads of this process hold: to refuse at once what a thread already holds
//! itself, and to publish what a holder waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::terms::record::Waiting;

static HELD: Mutex<Vec<HeldName>> = Mutex::new(Vec::new());

/// One name, held by one thread.
#[derive(Clone, Debug)]
pub(crate) struct HeldName {
    /// The lease's key in this table.
    pub(crate) lease: u64,
    /// The holder's token.
    pub(crate) token: String,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) name: String,
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

/// What the holder with this token holds now.
pub(crate) fn by(token: &str) -> Vec<HeldName> {
    let held = lock();
    held.iter()
        .filter(|held| held.token == token)
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
            held.backend.publish(&held.name, &held.token, waiting);
        }
    }
}
