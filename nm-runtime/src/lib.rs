//! The engine of `name-manager`. Depend on `name-manager`, which re-exports
//! what is public here.

mod registry;
mod stub;

pub use stub::{Access, BoxError, Error, FromLease, Lease, Name, Pool, Request};

/// What generated code calls.
#[doc(hidden)]
pub mod private {
    pub use crate::registry::{Amount, RequestSpec, TESTS, TestSpec};
    pub use crate::stub::{FromLeases, Leases, acquire};
    pub use linkme;
}
