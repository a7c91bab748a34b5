//! Becoming another program. Also part of `cargo-name-manager`: imports nothing of ours.

use std::io;
use std::process::{Command, ExitCode};

/// The command goes on in our place: signals, terminal and exit code are its own.
/// Returns only if it cannot be started.
#[cfg(unix)]
pub fn exec(mut command: Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Runs the command and returns its exit code: this system replaces no processes.
#[cfg(not(unix))]
pub fn exec(mut command: Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
