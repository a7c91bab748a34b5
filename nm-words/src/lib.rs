//! Words that the attributes and the engine of `name-manager` must agree on. Depend
//! on `name-manager` instead.
//!
//! The attributes check while compiling what the engine checks while running: here
//! both find the same rules and the same messages. No dependencies: both wait for it.

#![forbid(unsafe_code)]

pub mod name;
pub mod nearest;
pub mod request;
