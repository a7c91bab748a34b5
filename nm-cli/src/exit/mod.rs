//! How a command ends: what it returns, why it failed, and the exit codes.
//!
//! Imports no other folder.

pub mod code;
pub mod failure;
pub mod outcome;

pub use failure::{Failure, chain};
pub use outcome::Outcome;
