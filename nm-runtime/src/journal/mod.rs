//! What happened, for people and tools: JSON Lines, one event a line.
//!
//! The journal is never asked who holds what. Its lines are in an order that
//! can be relied on all the same: a lease's `acquired` is written after the name
//! is locked, its `released` before it is unlocked.

pub(crate) mod parse;
mod reader;
pub(crate) mod source;
mod writer;

pub use crate::terms::event::{Event, Kind, Phase};
pub use crate::terms::record::State;
pub use reader::{Reader, read};
pub(crate) use writer::{Writer, rotate};
