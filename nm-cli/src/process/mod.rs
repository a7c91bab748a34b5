//! Other programs: starting one and waiting for it, passing signals on to it,
//! becoming it, and looking up those that run.
//!
//! May import `screen` and `exit`.

pub mod cargo;
pub mod child;
pub mod exec;
#[cfg(unix)]
pub mod inherited;
#[cfg(unix)]
pub mod proc;
pub mod signals;
pub mod tether;
