//! `name-manager`: the pools of tests, from any shell.

#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, allow(dead_code, missing_docs))] // a library then, without a main

mod args;
mod cleanup;
mod cli;
mod commands;
mod events;
mod exit;
#[cfg(all(unix, any(test, fuzzing)))]
pub mod fuzz;
mod groups;
mod keeper;
mod listing;
mod pools;
mod process;
mod replay;
mod screen;
#[cfg(all(unix, feature = "server"))]
mod server;
mod sys;
mod views;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before the command line is parsed: it is the way to every command of `run`.
    if let Some(code) = process::tether::exec_if_asked() {
        return code;
    }
    process::signals::keep_ended_children();
    cli::main()
}
