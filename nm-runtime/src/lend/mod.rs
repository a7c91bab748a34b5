//! A request's wait, and the lease that ends it.

pub(crate) mod deadlock;
pub(crate) mod held;
pub(crate) mod lease;
pub(crate) mod live;
pub(crate) mod occupancy;
pub(crate) mod wait;
