//! What binds a command to the process that has started it: a job; and requests to end, which
//! both get.

use std::io;
use std::process::{Child, Command};

use nm_runtime::windows::{self, Job};

use crate::sys::Source;

/// The command ends with us, however we end, and so does all that it starts.
#[derive(Debug)]
pub struct Bond(Job);

impl Bond {
    /// What the command has left goes on.
    pub fn let_go(self) {
        self.0.let_go();
    }
}

/// Starts a command.
pub fn spawn_bound(command: &mut Command) -> io::Result<(Child, Bond)> {
    let (child, job) = Job::start(command)?;
    Ok((child, Bond(job)))
}

/// As long as it lives they do not end this process: Ctrl-C, Ctrl-Break, and for some seconds
/// the end of the console.
#[derive(Debug)]
pub struct Interrupts(windows::Interrupts);

impl Interrupts {
    pub fn listen() -> io::Result<Self> {
        windows::Interrupts::listen().map(Self)
    }

    /// Ready when one has come.
    pub fn source(&self) -> Source<'_> {
        self.0.event()
    }
}

/// No shell says so here.
pub fn started_in_background() -> bool {
    false
}
