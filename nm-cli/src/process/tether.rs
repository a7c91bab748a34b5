//! The last step before a command of `run`: asks the system to signal the command
//! when `run` dies, then becomes it.
//!
//! The child itself must ask, between fork and exec. There only unsafe code of
//! ours could run; so we are executed once more instead, which costs half a
//! millisecond.

use std::ffi::OsStr;
use std::io;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::process::{Command, ExitCode};

#[cfg(target_os = "linux")]
use nm_runtime::inspect;

#[cfg(target_os = "linux")]
use crate::process::child;
#[cfg(target_os = "linux")]
use crate::screen::stderr;

#[cfg(target_os = "linux")]
const ASKED: &str = "__tether";

/// Knows whether the last step became the command, or could not.
pub struct Witness {
    /// The step writes to this pipe if it could not; `None` without that step.
    #[cfg(target_os = "linux")]
    pipe: Option<(io::PipeReader, io::PipeWriter)>,
}

/// The command that runs `program` in our child.
#[cfg(target_os = "linux")]
pub fn command(program: &OsStr) -> io::Result<(Command, Witness)> {
    use std::os::fd::AsRawFd;

    // Which the step needs. Without it the command is not told when we die.
    if !Path::new("/proc/self/fd").exists() {
        return Ok((Command::new(program), Witness { pipe: None }));
    }
    let pipe = io::pipe()?;
    // The step inherits it, and closes it when it becomes the command.
    rustix::io::fcntl_setfd(&pipe.1, rustix::io::FdFlags::empty())?;
    let mut command = Command::new(inspect::own_program()?);
    command
        .arg(ASKED)
        .arg(std::process::id().to_string())
        .arg(pipe.1.as_raw_fd().to_string())
        .arg(program);
    Ok((command, Witness { pipe: Some(pipe) }))
}

#[cfg(target_os = "linux")]
impl Witness {
    /// To be asked when the child has ended.
    pub fn saw_it_begin(self) -> bool {
        use std::io::Read;

        let Some((mut said, ours)) = self.pipe else {
            return true;
        };
        drop(ours);
        matches!(said.read(&mut [0]), Ok(0))
    }
}

/// Becomes the command if this process was started for that; otherwise returns `None`.
#[cfg(target_os = "linux")]
pub fn exec_if_asked() -> Option<ExitCode> {
    use std::fs::File;
    use std::io::Write;
    use std::os::unix::process::CommandExt;

    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

    let mut args = std::env::args_os().skip(1);
    if args.next()? != ASKED {
        return None;
    }
    let parent = args.next()?;
    let pipe: i32 = args.next()?.to_str()?.parse().ok()?;
    let program = args.next()?;
    // Opened again, so that it is closed by `exec`.
    let witness = File::options()
        .write(true)
        .open(format!("/proc/self/fd/{pipe}"));
    let _ = nix::unistd::close(pipe);
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
    if let Ok(mut witness) = witness {
        // Unheard, the command counts as one that failed.
        let _ = witness.write_all(b"0");
    }
    Some(ExitCode::from(child::cannot_run(&program, &error)))
}

#[cfg(not(target_os = "linux"))]
pub fn command(program: &OsStr) -> io::Result<(Command, Witness)> {
    Ok((Command::new(program), Witness {}))
}

#[cfg(not(target_os = "linux"))]
impl Witness {
    /// The child was the command from the start.
    pub fn saw_it_begin(self) -> bool {
        true
    }
}

#[cfg(not(target_os = "linux"))]
pub fn exec_if_asked() -> Option<ExitCode> {
    None
}
