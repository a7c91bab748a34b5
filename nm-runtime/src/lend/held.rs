//! What the threads of this process hold: to answer at once when a thread asks again
//! for what it has, and to tell others what a holder waits for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::terms::record::Waiting;

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// One name, held by one thread.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The lease.
    pub(crate) lease: u64,
    /// The holder's token.
    pub(crate) token: String,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) name: String,
}

fn lock() -> MutexGuard<'static, Vec<Held>> {
    // A panic while it is locked leaves whole entries.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn add(held: Held) {
    lock().push(held);
}

pub(crate) fn remove(lease: u64) {
    let mut held = lock();
    if let Some(at) = held.iter().position(|held| held.lease == lease) {
        held.swap_remove(at);
    }
}

/// What the holder with this token has now.
pub(crate) fn by(token: &str) -> Vec<Held> {
    let held = lock();
    held.iter()
        .filter(|held| held.token == token)
        .cloned()
        .collect()
}

/// Shows for all that `held` names what their holder waits for.
pub(crate) fn publish(held: &[Held], waiting: Option<&Waiting>) {
    for held in held {
        // Another thread may be giving it back: it leaves the table before its
        // record and its lock, so what is in the table here is not the next
        // holder's yet, and cannot become so while the table is locked.
        let table = lock();
        if table.iter().any(|now| now.lease == held.lease) {
            held.backend.publish(&held.name, &held.token, waiting);
        }
    }
}
