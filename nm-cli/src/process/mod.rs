//! Other programs: starting one and waiting for it, passing signals on to it,
//! becoming it, and looking up those that run.
//!
//! May import `screen`, `exit` and `sys`.

pub mod cargo;
pub mod child;
pub mod exec;
pub mod proc;
pub mod signals;
pub mod tether;
