//! Pools: those that a command is about, and how they are now.
//!
//! May import `screen` and `exit`.

mod chosen;
mod open;
mod view;

pub use chosen::{chosen, one};
pub use open::{check_name, open};
pub use view::holder;
pub use view::{pid, views};
