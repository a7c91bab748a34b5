//! Pools that were used before: those that a command is about, and one by its name.
//!
//! May import `args` and `exit`.

mod chosen;
pub mod directory;

pub use chosen::{chosen, last_run, unknown_run};
