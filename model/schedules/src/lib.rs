//! The parts of the engine that threads of one process share, under shuttle: the
//! files of `nm-runtime` and `nm-os` themselves, compiled against a stand-in for `std` whose
//! locks and threads are shuttle's. Nothing of the engine knows of it.

#![cfg(test)]
#![allow(dead_code, reason = "the engine's files, for a part of what they do")]

extern crate self as nm_os;
extern crate stand_in_std as std;

mod backend;
#[path = "../../../nm-os/src/budget.rs"]
mod budget;
mod lend;
mod limit;
mod local;
mod open_file;
#[path = "../../../nm-os/src/spare.rs"]
mod spare;
mod terms;
mod threads;

use limit::descriptor_limit;
use open_file::OpenFile;
use threads::start_lock_waiter;

mod tests;
