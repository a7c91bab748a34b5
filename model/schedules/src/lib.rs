//! The parts of the engine that threads of one process share, under shuttle: the
//! files of `nm-runtime` themselves, compiled against a stand-in for `std` whose
//! locks and threads are shuttle's. Nothing of the engine knows of it.

#![cfg(test)]
#![allow(dead_code, reason = "the engine's files, for a part of what they do")]

extern crate stand_in_std as std;

mod backend;
mod lend;
mod local;
mod sys;
mod terms;

mod tests;
