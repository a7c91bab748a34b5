//! Lends scarce test resources to tests that run at the same time.
//!
//! (The guide is in the README; this page grows with it.)

#![forbid(unsafe_code)]

pub use nm_macros::shared_resource;
pub use nm_runtime::{Access, BoxError, Error, FromLease, Lease, Name, Pool, Request};

/// What generated code calls. Not part of the public interface: the name ends
/// in the patch version, and the packages pin each other exactly.
#[doc(hidden)]
pub use nm_runtime::private as __private0;
