//! What a thread holds and can have again: the keys of serial_test are reentrant, so that
//! one test can call another of the same key.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, Weak};

#[cfg(feature = "keys")]
use crate::base::error::Result;
use crate::lend::lease::Lease;
use crate::pool::opened::Opened;
use crate::terms::access::Access;
#[cfg(feature = "keys")]
use crate::terms::record::Tenure;

/// A lease that this thread took. Whoever had it again holds it, too, and the last one
/// that drops it gives the name back.
struct Taken {
    pool: Arc<Opened>,
    access: Access,
    lease: Weak<Mutex<Lease>>,
}

thread_local! {
    static TAKEN: RefCell<Vec<Taken>> = const { RefCell::new(Vec::new()) };
}

/// The lease that allows this access, if this thread has it. A reader has none for a
/// writer: it would wait for itself, and is told so when it asks.
pub(crate) fn find(pool: &Arc<Opened>, access: Access) -> Option<Arc<Mutex<Lease>>> {
    TAKEN.with_borrow(|all| {
        let allows = |taken: &&Taken| {
            Arc::ptr_eq(&taken.pool, pool)
                && (taken.access == Access::Exclusive || access == Access::Shared)
        };
        all.iter().filter(allows).find_map(|it| it.lease.upgrade())
    })
}

/// Notes what this thread has taken.
pub(crate) fn keep(pool: &Arc<Opened>, access: Access, lease: Lease) -> Arc<Mutex<Lease>> {
    // Never locked: an async function that holds a lease may move to another thread.
    let lease = Arc::new(Mutex::new(lease));
    TAKEN.with_borrow_mut(|all| {
        all.retain(|taken| taken.lease.strong_count() > 0);
        all.push(Taken {
            pool: pool.clone(),
            access,
            lease: Arc::downgrade(&lease),
        });
    });
    lease
}

/// Whether anybody holds a name of the pool exclusively.
///
/// # Errors
///
/// If the pool cannot be opened or read.
#[cfg(feature = "keys")]
pub fn is_held_by_any(pool: &str) -> Result<bool> {
    let pool = Opened::of(pool, None)?;
    let snapshot = pool.backend.snapshot(pool.backend.key())?;
    let names = snapshot.unwrap_or_default().names;
    let is_exclusive = |tenure: &Tenure| tenure.access == Access::Exclusive;
    Ok(names
        .iter()
        .any(|name| name.holders.iter().any(is_exclusive)))
}

/// Whether this thread holds a name of the pool exclusively, taken from its pool.
#[cfg(feature = "keys")]
pub(crate) fn is_held(pool: &str) -> bool {
    TAKEN.with_borrow(|all| {
        all.iter().any(|taken| {
            *taken.pool.name == *pool
                && taken.access == Access::Exclusive
                && taken.lease.strong_count() > 0
        })
    })
}
