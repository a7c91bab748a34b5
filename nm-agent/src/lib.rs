//! What one machine holds and waits for on a server, for all its processes.

#![forbid(unsafe_code)]

pub mod wire;
