//! Stands in for `std` where the engine's files are compiled under shuttle: its
//! locks and threads are shuttle's, its files are locks and nothing else, and its
//! time passes when a test says so.

pub use std::{collections, fmt, io, mem};

pub mod fs;
pub mod sync;
pub mod thread;
pub mod time;
pub mod turn;
