//! Arguments that several commands take, and the reading of their text.
//!
//! May import `pools`, `screen` and `exit`.

pub mod assignment;
pub mod claim;
pub mod duration;
pub mod fill;
pub mod lifetime;
pub mod pass_through;
pub mod place;
pub mod purpose;
pub mod token;
pub mod wait;
pub mod want;
