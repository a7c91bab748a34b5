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
//! them, and a *lease* is the right to use it. Only the name is lent; what it
//! stands for is yours: a database on a server, a compose stack, a block of ports.
//! To hold a name is to hold a lock on its file, in a directory that all threads,
//! processes and runs of one workspace share. The kernel keeps the lock, so whoever
//! ends, however it ends, has given its name back.
//!
//! - [`shared_resource`] holds a lease for the length of a test and hands it to the
//!   test's parameters: as [`Lease`], or as any type that is [`FromLease`].
//! - [`Pool`] and [`Request`] do the same by hand.
//! - [`Resource`], registered with [`resource`], makes what a name stands for,
//!   makes it fresh between tests, and takes it down at the end of the run.
//! - [`Allocator`], registered the same way, is for pools that decide for
//!   themselves what to hand out.
//!
//! `README.md` leads from one annotated test to a configured pool.
//!
//! # What is promised
//!
//! - A name is never lent to two at once, but to readers beside each other.
//! - Waiters are served in arrival order, across threads and processes.
//! - No test body starts without its lease, or with a name that is not made ready.
//! - No wait is endless: it has a deadline, and circles of waiters are detected.
//!
//! And what is not: a paused process keeps its lease; children that outlive their
//! test are not stopped; who deletes the state directory while names are lent can
//! break exclusion, which the holder reports but cannot prevent; code that asks for
//! no lease is not kept from anything. One machine, one user.
//!
//! # Platforms
//!
//! | system | exclusion | wake-up | [`Resource`] | tried |
//! |---|---|---|---|---|
//! | Linux | `flock` | FIFOs | yes | yes |
//! | macOS | `flock` | looking again every 20 ms | yes | never |
//! | other Unix | `flock` | FIFOs | yes | never |
//! | Windows | `LockFileEx` | looking again every 20 ms | refused | never |
//!
//! `PLATFORM.md` has the environment variables, files and limits. There are no
//! Cargo features.

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

/// Compiles and runs the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
