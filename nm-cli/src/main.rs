//! `name-manager`: the pools of tests, from any shell.

#![forbid(unsafe_code)]

mod acquire;
mod anchor;
mod assignment;
mod child;
mod cli;
mod completions;
mod control;
mod doctor;
mod exit_code;
mod failure;
mod fill;
mod groups;
mod hold;
mod keep_alive;
mod keeper;
mod kept;
mod label;
mod life;
mod list;
mod listing;
mod log;
mod man;
mod nextest;
mod pass_through;
mod place;
mod pool_dir;
mod pools;
mod process;
mod release;
mod replay;
mod reset;
mod run;
mod session;
mod signals;
mod stats;
mod status;
mod stdout;
mod table;
mod test_cmd;
mod tether;
mod timeline;
mod token;
mod want;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before the command line is parsed: it is the way to every command of `run`.
    if let Some(code) = tether::exec_if_asked() {
        return code;
    }
    cli::main()
}
