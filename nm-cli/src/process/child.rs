//! The command of `run`, from start to end.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitStatus};

use crate::exit::code;
use crate::process::signals::Forwarder;
use crate::screen::stderr;
use crate::sys;

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    pub code: u8,
    pub signal: Option<i32>,
    /// The process that it was.
    pub pid: Option<u32>,
    /// Whether it ran at all.
    pub has_begun: bool,
}

impl Ended {
    /// It was not started, and this is the exit code for that.
    pub fn not_begun(code: u8) -> Self {
        Self {
            code,
            signal: None,
            pid: None,
            has_begun: false,
        }
    }

    /// Why its names are dirty now; `None` if it succeeded, or never ran.
    pub fn complaint(self) -> Option<String> {
        match (self.signal, self.code) {
            _ if !self.has_begun => None,
            (Some(signal), _) => Some(format!("its command was ended by signal {signal}")),
            (None, 0) => None,
            (None, code) => Some(format!("its command exited with {code}")),
        }
    }
}

/// Runs the command and waits for it. Signals that we get meanwhile are passed on.
pub fn run(mut command: Command, program: &OsStr) -> Ended {
    let mut pid = None;
    let status = Forwarder::listen().and_then(|forwarder| {
        let (mut child, bond) = sys::spawn_bound(&mut command)?;
        pid = Some(child.id());
        let status = forwarder.wait(&mut child);
        bond.let_go();
        status
    });
    match status {
        Ok(status) => Ended {
            pid,
            ..ended(status)
        },
        Err(error) => Ended::not_begun(cannot_run(program, &error)),
    }
}

#[cfg(unix)]
fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;

    let signal = status.signal();
    let code = status.code().or(signal.map(|signal| 128 + signal));
    Ended {
        code: code.map_or(code::FAILURE, |code| code as u8),
        signal,
        pid: None,
        has_begun: true,
    }
}

#[cfg(not(unix))]
fn ended(status: ExitStatus) -> Ended {
    let code = status.code().unwrap_or(1);
    Ended {
        code: u8::try_from(code).unwrap_or(code::FAILURE),
        signal: None,
        pid: None,
        has_begun: true,
    }
}

/// Reports why a command did not start, and returns the exit code for it.
pub fn cannot_run(program: &OsStr, error: &io::Error) -> u8 {
    stderr::warn(&format!("failed to run `{}`: {error}", program.display()));
    match error.kind() {
        io::ErrorKind::NotFound => code::NOT_FOUND,
        _ => code::NOT_RUNNABLE,
    }
}
