//! Lends scarce test resources to tests that run at the same time.
//!
//! (The guide is in the README; this page grows with it.)

#![forbid(unsafe_code)]

pub use nm_macros::{resource, shared_resource};
pub use nm_runtime::{
    Access, Allocator, Asked, Assigned, Assignment, BoxError, Error, FromLease, LastHolder, Lease,
    Name, Pool, Request, Reset, Resource, fingerprint,
};

/// What generated code calls. Not part of the public interface: the name ends
/// in the patch version, and the packages pin each other exactly.
#[doc(hidden)]
pub use nm_runtime::private as __private0;
