//! What happened, for people and tools: JSON Lines, one event per line. May import
//! `terms`, `nm_os`, `base`.
//!
//! The journal is for diagnosis only: locks alone decide which holder has a name. The
//! order of its lines is reliable nevertheless: a lease's `acquired` is written after
//! the name is locked, its `released` before it is unlocked.

pub(crate) mod parse;
mod reader;
pub(crate) mod source;
mod writer;

pub use crate::terms::event::{Event, Kind, Phase};
pub use crate::terms::record::State;
pub use reader::{Reader, read};
pub(crate) use writer::{Writer, rotate};
