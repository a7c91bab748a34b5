//! Waiting for a file lock in the kernel's queue, with a deadline.
//!
//! A blocked lock request cannot time out. So a helper thread makes it, and
//! hands the lock over; if its owner has given up by then, it releases the lock as
//! soon as it is granted.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nm_os::OpenFile;

use crate::local::lock::Locked;
use crate::terms::access::Access;

/// A lock request under way.
#[derive(Debug)]
pub(crate) struct Pending {
    handover: Arc<Handover>,
}

/// What a helper thread and the owner of its request share.
#[derive(Debug)]
struct Handover {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Debug)]
enum Slot {
    Waiting,
    Granted(io::Result<Locked>),
    Abandoned,
}

impl Pending {
    /// Joins the kernel's queue for the file. `abandoned` runs after an abandoned
    /// request was granted and released: for a moment others saw the lock taken.
    pub(crate) fn join(
        file: OpenFile,
        access: Access,
        abandoned: Box<dyn FnOnce() + Send>,
    ) -> io::Result<Self> {
        let handover = Arc::new(Handover {
            slot: Mutex::new(Slot::Waiting),
            changed: Condvar::new(),
        });
        let theirs = handover.clone();
        let wait = move || {
            let granted = Locked::lock(file, access);
            let mut slot = theirs.lock();
            if let Slot::Abandoned = *slot {
                drop(slot);
                drop(granted);
                abandoned();
                return;
            }
            *slot = Slot::Granted(granted);
            theirs.changed.notify_one();
        };
        nm_os::start_lock_waiter(Box::new(wait))?;
        Ok(Self { handover })
    }

    /// Waits for the lock; `None` if it is not granted by this time.
    pub(crate) fn wait_until(&self, until: Instant) -> io::Result<Option<Locked>> {
        let mut slot = self.handover.lock();
        loop {
            match mem::replace(&mut *slot, Slot::Abandoned) {
                Slot::Granted(granted) => return granted.map(Some),
                waiting => *slot = waiting,
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let woken = self.handover.changed.wait_timeout(slot, left);
            slot = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A lock granted in the meantime drops here, and is free again.
        *self.handover.lock() = Slot::Abandoned;
    }
}

impl Handover {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        // The slot is replaced as a whole: a panic leaves a valid one.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
