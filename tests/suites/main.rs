//! Real `cargo test` and `cargo nextest run` over generated workspaces.
//!
//! What happened is read from the journal, whose order is that of the locks;
//! nothing here is decided by time. The workspaces stand at fixed places and
//! share one target directory: only what changed is built again.

#![cfg(unix)] // starts cargo; elsewhere `tests/runner` stands in for it

#[allow(dead_code, reason = "tests/life uses the rest")]
mod command;
#[allow(dead_code, reason = "tests/life uses the rest")]
mod history;
mod place;
mod project;
mod signal;

mod bodies;
mod configuration;
mod conflicts;
mod discovery;
mod elsewhere;
mod environment;
#[path = "../support/executable.rs"]
mod executable;
mod functions;
mod missing_code;
mod own_file;
mod panics;
mod runs;
mod scopes;
mod sharing;
mod unbounded;
mod waiting;
