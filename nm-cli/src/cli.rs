use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{exit_code, log, status};

/// What a subcommand's `run` returns: its exit code, or an error to print.
pub type Outcome = Result<ExitCode, Box<dyn Error + Send + Sync>>;

/// Lends names from pools to commands, and shows who holds what.
#[derive(Debug, Parser)]
#[command(name = "name-manager", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

// One module a subcommand, with `Args` and `run(args) -> Outcome`.
#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Args),
    Log(log::Args),
}

impl Cli {
    pub fn run(self) -> ExitCode {
        let outcome: Outcome = match self.command {
            Command::Status(args) => status::run(args),
            Command::Log(args) => log::run(args),
        };
        match outcome {
            Ok(code) => code,
            Err(error) if crate::stdout::is_closed(&*error) => ExitCode::SUCCESS,
            Err(error) => {
                let mut text = format!("name-manager: {error}");
                let mut cause = error.source();
                while let Some(error) = cause {
                    text.push_str(&format!(": {error}"));
                    cause = error.source();
                }
                eprintln!("{text}");
                exit_code::of(&*error)
            }
        }
    }
}

/// The arguments, without the one that cargo adds to `cargo name-manager ..`.
pub fn args() -> Vec<std::ffi::OsString> {
    let mut args: Vec<_> = std::env::args_os().collect();
    let under_cargo = args.first().is_some_and(|program| {
        let stem = std::path::Path::new(program).file_stem();
        stem.is_some_and(|stem| stem == "cargo-name-manager")
    });
    if under_cargo && args.get(1).is_some_and(|arg| arg == "name-manager") {
        args.remove(1);
    }
    args
}
