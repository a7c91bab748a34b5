//! A name's life, over real `cargo test` and `cargo nextest run`: how often each
//! hook ran is counted from what the hooks wrote themselves and from the journal.
//!
//! Each test has a state directory of its own; all share one generated package.

#![cfg(unix)] // starts cargo; elsewhere `tests/runner` stands in for it

#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "../suites/command.rs"]
mod command;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "../suites/history.rs"]
mod history;
#[allow(dead_code, reason = "tests/engine uses the rest")]
#[path = "../support/kernel.rs"]
mod kernel;
#[path = "../suites/place.rs"]
mod place;
#[path = "../support/program.rs"]
mod program;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "../suites/project.rs"]
mod project;

mod calls;
mod scenario;
mod signal;
#[cfg(target_os = "linux")]
#[path = "../support/skip.rs"]
mod skip;

mod allocators;
mod asynchronous;
#[cfg(unix)]
mod commands;
mod counts;
mod failing;
mod fingerprint;
mod in_use;
mod keep;
mod killed;
#[cfg(target_os = "linux")]
mod no_proc;
mod paused;
mod registered;
mod removed;
mod replaced;
mod shared;
mod two_runs;
mod waited_for;
mod waiting;
