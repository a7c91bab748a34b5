use std::sync::Arc;

use crate::base::{clock, json};
use crate::terms::event;
use crate::terms::holder::Holder;
use crate::terms::record::Failures;

/// What hooks have done with a pool as a whole, beside the records of its names.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolLife {
    pub(crate) v: u32,
    /// Whether `setup` is done; if not, it was killed or failed half-way.
    pub(crate) done: bool,
    /// The runs that have used it since.
    pub(crate) runs: Vec<String>,
    pub(crate) failures: Failures,
    /// Messages of the last reaper to the next run.
    pub(crate) reaped: Vec<String>,
    /// The hook that is running; or was, when its process died.
    pub(crate) hook: Option<PoolHook>,
}

json::object!(PoolLife {
    v,
    done,
    runs,
    failures,
    reaped,
    hook
});

impl PoolLife {
    /// Whether `teardown` is to be called: some run has begun to set it up, or the last one
    /// was killed as it tore it down, or failed to.
    pub(crate) fn is_set_up(&self) -> bool {
        self.done || !self.runs.is_empty()
    }
}

/// A running hook of a pool as a whole: all others wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolHook {
    /// [`Setup`](event::Kind::Setup) or [`Teardown`](event::Kind::Teardown).
    pub kind: event::Kind,
    /// Since when, in microseconds since 1970.
    pub since: u64,
    /// Whose it is.
    pub holder: Arc<Holder>,
}

json::object!(PoolHook {
    kind,
    since,
    holder
});

impl PoolHook {
    /// It begins now.
    pub(crate) fn now(kind: event::Kind, holder: &Holder) -> Self {
        Self {
            kind,
            since: clock::now(),
            holder: Arc::new(holder.clone()),
        }
    }
}
