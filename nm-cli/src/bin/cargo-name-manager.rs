//! `cargo name-manager ..`: the `name-manager` that stands beside this file.

#![forbid(unsafe_code)]

#[path = "../process/exec.rs"]
mod exec;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut args: Vec<_> = env::args_os().skip(1).collect();
    // Cargo repeats the subcommand.
    if args.first().is_some_and(|arg| arg == "name-manager") {
        args.remove(0);
    }
    let mut command = Command::new(program());
    command.args(args);
    match exec::exec(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!(
                "cargo-name-manager: failed to start `{}`: {error}; install both with `cargo install nm-cli`",
                program().display()
            );
            ExitCode::FAILURE
        }
    }
}

/// The one in our directory, or any in the PATH.
fn program() -> PathBuf {
    let name = format!("name-manager{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().map(|exe| exe.with_file_name(&name));
    match beside {
        Ok(path) if path.is_file() => path,
        _ => PathBuf::from(name),
    }
}
