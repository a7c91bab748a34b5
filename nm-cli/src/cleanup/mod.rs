//! The clean-up after runs: waiting for it, showing what it waits for, and doing again what
//! nobody does any more.
//!
//! May import `process`, `screen` and `exit`.

mod ended;
mod progress;
mod wait;

pub use ended::Ended;
pub use wait::{Wanted, after, after_told, wait};
