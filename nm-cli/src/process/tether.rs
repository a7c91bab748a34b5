//! The last step before a command of `run`: asks the system to signal the command
//! when `run` dies, then becomes it.
//!
//! The child itself must ask, between fork and exec. There only unsafe code of
//! ours could run; so we are executed once more instead, which costs half a
//! millisecond.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitCode};

#[cfg(target_os = "linux")]
use crate::process::{child, own};
#[cfg(target_os = "linux")]
use crate::screen::stderr;

#[cfg(target_os = "linux")]
const ASKED: &str = "__tether";

/// The command that runs `program` in our child.
#[cfg(target_os = "linux")]
pub fn command(program: &OsStr) -> io::Result<Command> {
    let mut command = Command::new(own::executable()?);
    command.arg(ASKED).arg(std::process::id().to_string());
    command.arg(program);
    Ok(command)
}

/// Becomes the command if this process was started for that; otherwise returns `None`.
#[cfg(target_os = "linux")]
pub fn exec_if_asked() -> Option<ExitCode> {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

    let mut args = std::env::args_os().skip(1);
    if args.next()? != ASKED {
        return None;
    }
    let parent = args.next()?;
    let program = args.next()?;
    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        stderr::warn(&format!(
            "if this process is killed, `{}` will not be told: {error}",
            program.display()
        ));
    }
    // The parent may have died before we asked.
    let alive = getppid().map(Pid::as_raw_nonzero);
    if alive.is_none_or(|pid| *parent != *pid.to_string()) {
        return Some(ExitCode::from(128 + 15));
    }
    let error = Command::new(&program).args(args).exec();
    Some(ExitCode::from(child::cannot_run(&program, &error)))
}

#[cfg(not(target_os = "linux"))]
pub fn command(program: &OsStr) -> io::Result<Command> {
    Ok(Command::new(program))
}

#[cfg(not(target_os = "linux"))]
pub fn exec_if_asked() -> Option<ExitCode> {
    None
}
