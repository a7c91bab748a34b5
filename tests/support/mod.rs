//! What tests over several processes share: real processes under test (the
//! actors), told what to do line by line, and the words to tell it in.
//!
//! A test binary that uses this has one more test, started only as a child:
//!
//! ```ignore
//! #[path = "../support/mod.rs"]
//! mod support;
//!
//! #[test]
//! #[ignore = "started by the other tests as a process of its own"]
//! fn actor() {
//!     support::actor::main(&|_, _, _, _| None);
//! }
//! ```

#![allow(dead_code, reason = "each test binary uses a part")]

pub mod actor;
pub mod ask;
pub mod executable;
pub mod home;
#[cfg(target_os = "linux")]
pub mod kernel;
pub mod liar;
pub mod local;
pub mod oracle;
#[cfg(unix)]
pub mod other_user;
pub mod patience;
pub mod pool_test;
pub mod process;
pub mod skip;
pub mod stage;
