//! The commands that show something and change nothing.
//!
//! May import `replay`, `events`, `pools`, `server`, `args`, `process`, `screen` and
//! `exit`;
//! no view imports another.

pub mod doctor;
pub mod list;
pub mod log;
pub mod stats;
pub mod status;
pub mod timeline;
