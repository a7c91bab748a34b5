//! The backend of one machine: kernel locks decide who holds a name.

pub(crate) mod assigned;
pub(crate) mod blocked_head;
pub(crate) mod dir;
pub(crate) mod files;
#[cfg(feature = "tools")]
pub(crate) mod forget;
pub(crate) mod gate;
pub(crate) mod given_name;
pub(crate) mod grant;
pub(crate) mod head;
#[cfg(feature = "tools")]
pub(crate) mod kernel_locks;
pub(crate) mod line;
pub(crate) mod lock;
pub(crate) mod pool_life;
pub(crate) mod record_file;
pub(crate) mod runs;
pub(crate) mod sizes;
#[cfg(feature = "tools")]
pub(crate) mod soundness;
pub(crate) mod timed_lock;
#[cfg(feature = "tools")]
pub(crate) mod waiters;
