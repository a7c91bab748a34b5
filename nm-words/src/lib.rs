//! What the attributes and the engine of `name-manager` must agree on: which names are
//! valid, and how a request is written down. Depend on `name-manager` instead.
//!
//! The attributes check at compile time what the engine checks at run time, with the
//! same rules and messages. No dependencies: the build of both waits for this crate.

#![forbid(unsafe_code)]

pub mod key;
pub mod name;
pub mod nearest;
pub mod request;
