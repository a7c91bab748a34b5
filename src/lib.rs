//! Lends scarce test resources to tests that run at the same time.
//!
//! ```test_harness
//! use name_manager::{shared_resource, Lease};
//!
//! #[shared_resource(pool = "db", max = 2)]
//! #[test]
//! fn lists_users(db: Lease) {
//!     let url = format!("postgres://localhost/{db}"); // db-0 or db-1
//! }
//! ```
//!
//! # The idea
//!
//! A *pool* is a family of interchangeable resources, a *name* (`db-0`) is one of
//! them, and a *lease* is the right to use it. Only the name is lent; the resource
//! behind it is yours: a database on a server, a compose stack, a block of ports.
//! Holding a name means holding a lock on its file, in a directory that all
//! threads, processes and runs of one workspace share. The kernel keeps the lock, so
//! a holder that ends, however it ends, gives its name back.
//!
//! - [`shared_resource`] holds a lease for the length of a test and passes it to the
//!   test's parameters: as [`Lease`], or as any type that implements [`FromLease`].
//! - [`Pool`] and [`Request`] do the same by hand.
//! - [`Resource`], registered with [`resource`], creates the resource behind a name,
//!   resets it between tests, and destroys it at the end of the run.
//! - [`Allocator`], registered the same way, is for pools that decide for
//!   themselves what to lend.
//!
//! `README.md` leads from one annotated test to a configured pool.
//!
//! # What is promised
//!
//! - A name is never lent twice at once, except to readers that share it.
//! - Waiters are served first come, first served, across threads and processes.
//! - No test body starts without its lease, or with a name that is not ready.
//! - Every wait has a deadline; deadlock cycles are detected.
//!
//! What is not promised: a paused process keeps its lease; child processes that
//! outlive their test are not stopped; deleting the state directory while names are
//! lent can break mutual exclusion, which the holder reports but cannot prevent; code
//! that asks for no lease is not kept from anything. One machine, one user.
//!
//! # Platforms
//!
//! | system | exclusion | wake-up | [`Resource`] | tested |
//! |---|---|---|---|---|
//! | Linux | `flock` | futex, pidfd | yes | yes |
//! | macOS, FreeBSD | `flock` | kqueue | yes | never |
//! | other Unix | `flock` | polling every 20 ms | yes | never |
//! | Windows | `LockFileEx` | woken | tried | under Wine |
//!
//! `PLATFORM.md` has the vocabulary, the environment variables, files and limits.
//! There are no Cargo features.

#![forbid(unsafe_code)]

pub use nm_macros::{resource, shared_resource};
pub use nm_runtime::{
    Access, Allocator, Asked, Assigned, Assignment, BoxError, Error, FromLease, LastHolder, Lease,
    Name, Pool, Request, Reset, Resource, fingerprint,
};

/// What generated code calls. Not part of the public API: its name ends in the
/// patch version, and the packages pin each other exactly.
#[doc(hidden)]
pub use nm_runtime::private as __private0;

/// Compiles and runs the examples of the guide; those of the next page are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../docs/environment.md")]
pub struct Environment;
