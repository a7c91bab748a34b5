//! Journals as a story: the events of several pools in one order, and the leases,
//! hooks and waits that they tell of.
//!
//! Imports no other folder.

pub mod merged;
pub mod spans;
