//! Arguments that several commands take, and the reading of their text.
//!
//! May import `pools`, `screen` and `exit`.

pub mod assignment;
#[cfg(unix)]
pub mod claim;
pub mod duration;
pub mod fill;
#[cfg(unix)]
pub mod lifetime;
pub mod pass_through;
pub mod place;
pub mod purpose;
#[cfg(unix)]
pub mod token;
#[cfg(unix)]
pub mod wait;
pub mod want;
