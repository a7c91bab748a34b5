//! The package that takes the place of serial_test, in crates that know of nothing else:
//! real `cargo test` and `cargo nextest run`, and processes that are killed.
//!
//! As in `tests/suites`, what happened is read from the journal.

#![cfg(unix)] // starts cargo; elsewhere `tests/runner` stands in for it

#[path = "../suites/command.rs"]
#[allow(dead_code, reason = "tests/suites uses the rest")]
mod command;
#[path = "../suites/history.rs"]
#[allow(dead_code, reason = "tests/suites uses the rest")]
mod history;
#[path = "../suites/place.rs"]
mod place;
#[path = "../suites/project.rs"]
#[allow(dead_code, reason = "tests/suites uses the rest")]
mod project;
#[path = "../suites/signal.rs"]
mod signal;

mod drop_in;
mod keys;
mod processes;
