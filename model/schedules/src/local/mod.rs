//! The engine's `local`, as far as threads of one process share it.

pub(crate) mod lock;
#[path = "../../../../nm-runtime/src/local/timed_lock.rs"]
pub(crate) mod timed_lock;
