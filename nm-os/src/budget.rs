use std::sync::atomic::{AtomicU64, Ordering};

use crate::limit::descriptor_limit;

/// Descriptors that this process keeps open only for speed: a part of its limit,
/// across all pools.
pub(crate) struct Budget {
    open: AtomicU64,
    part: u64,
}

/// Files kept to be used again.
pub(crate) static SPARES: Budget = Budget::one_in(16);
/// Processes whose end the heads of queues are told.
#[cfg(target_os = "linux")]
pub(crate) static WATCHED: Budget = Budget::one_in(8);

impl Budget {
    const fn one_in(part: u64) -> Self {
        Self {
            open: AtomicU64::new(0),
            part,
        }
    }

    /// Whether there is room for one more, which is then taken.
    pub(crate) fn take(&self) -> bool {
        let limit = descriptor_limit().unwrap_or(u64::MAX);
        let one_more = |open| (open < limit / self.part).then_some(open + 1);
        let taken = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok()
    }

    pub(crate) fn give_back(&self, count: usize) {
        self.open.fetch_sub(count as u64, Ordering::Relaxed);
    }
}
