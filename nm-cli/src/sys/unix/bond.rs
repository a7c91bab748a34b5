//! What binds a command to the process that has started it.

use std::io;
use std::process::{Child, Command};

/// Nothing: the command has asked the kernel itself, where that can be (`process::tether`).
#[derive(Debug)]
pub struct Bond;

impl Bond {
    /// What the command has left goes on.
    pub fn let_go(self) {}
}

/// Starts a command.
pub fn spawn_bound(command: &mut Command) -> io::Result<(Child, Bond)> {
    Ok((command.spawn()?, Bond))
}
