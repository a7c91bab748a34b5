//! `name-manager`: the pools of tests, from any shell.

#![forbid(unsafe_code)]

mod cli;
mod exit_code;
mod failure;
mod log;
mod place;
mod pools;
mod status;
mod stdout;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse_from(cli::args()).run()
}
