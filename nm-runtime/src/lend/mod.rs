//! A request's wait, and the lease that ends it. May import `backend`, `config`,
//! `terms`, `nm_os`, `base`; never `local`.

pub(crate) mod crowd;
pub(crate) mod deadlock;
pub(crate) mod gate;
pub(crate) mod held;
pub(crate) mod hook_time;
pub(crate) mod lease;
pub(crate) mod live;
pub(crate) mod occupancy;
pub(crate) mod wait;
