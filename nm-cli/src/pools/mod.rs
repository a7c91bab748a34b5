//! Pools that were used before: those that a command is about, and one by its name.
//!
//! May import `exit`.

mod chosen;
pub mod directory;
mod open;

pub use chosen::chosen;
pub use open::{check_name, open};
