//! Journals as a history: the events of several pools in one order, and the leases,
//! hooks and waits made of them.
//!
//! May import `pools`, `screen` and `exit`.

pub mod extent;
pub mod history;
pub mod merged;
pub mod runs;
pub mod spans;
