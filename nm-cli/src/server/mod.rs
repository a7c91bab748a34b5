//! The server that lends names to several machines: which one it is, and how it is.
//!
//! May import `screen` and `exit`.

mod answer;
mod look;
mod machines;

pub use answer::{Answer, address, text};
pub use look::look;
