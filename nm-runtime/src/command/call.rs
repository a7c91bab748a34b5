//! Runs one hook: by a process that watches over it, ends it when its time or its caller is
//! gone, and keeps the lock of the name's hooks until then.
//!
//! Without that process, a hook whose caller is killed would go on beside the next one. And the
//! lock must not be the hook's own: what that starts in the background would keep it for ever.

use std::fs::File;
use std::io;
use std::process::{Command, Stdio};

use crate::backend::hook_files::HookLock;
use crate::command::job::Job;

/// So long killed processes may take to be gone.
#[cfg(unix)]
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the hook with what `around` says of environment and working directory. Returns how it
/// ended.
///
/// # Errors
///
/// If that could not be tried.
#[cfg(unix)]
pub(crate) fn call(
    job: &Job,
    title: &str,
    around: impl FnOnce(&mut Command),
    lock: Option<&dyn HookLock>,
    log: &File,
) -> io::Result<Result<(), String>> {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::CommandExt;

    use crate::base::json;
    use crate::command::job::Said;
    use crate::config::variables;
    use crate::identity::program;
    use crate::sys;

    let (mut ours, theirs) = UnixStream::pair()?;
    let mut command = program::command()?;
    around(&mut command);
    command
        .arg0(format!("name-manager: {title}"))
        .env(variables::MODE, json::to_string(job))
        .stdin(OwnedFd::from(theirs))
        .stdout(match lock {
            Some(lock) => lock.descriptor()?.into(),
            None => Stdio::null(),
        })
        .stderr(log.try_clone()?);
    let mut watcher = command.spawn()?;
    // It has copies of its descriptors: while one of them is open in here, its end is not seen.
    drop(command);
    let mut said = Vec::new();
    // Whatever fails, what was said until then is all.
    let _ = ours.read_to_end(&mut said);
    let said = Said::read(&String::from_utf8_lossy(&said));
    let status = watcher.wait();
    if let Some(how) = said.how {
        return Ok(how);
    }
    if let Some(group) = said.group {
        // Nobody watches over it any more. Its number can only be another's if it has ended.
        sys::kill_group(group);
        sys::wait_for_group(group, GRACE);
    }
    Ok(Err(format!(
        "was not watched over to its end: that process ended with {}",
        status?
    )))
}

/// Written for Windows; never run there. If this process is killed, the hook goes on.
#[cfg(not(unix))]
pub(crate) fn call(
    job: &Job,
    _title: &str,
    around: impl FnOnce(&mut Command),
    _lock: Option<&dyn HookLock>,
    log: &File,
) -> io::Result<Result<(), String>> {
    use std::thread;
    use std::time::{Duration, Instant};

    let mut command = Command::new(&job.words[0]);
    around(&mut command);
    command.args(&job.words[1..]);
    command.stdin(Stdio::null()).stdout(log.try_clone()?);
    let mut child = command.stderr(log.try_clone()?).spawn()?;
    let until = Instant::now().checked_add(job.timeout());
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Ok(())),
            Some(status) => return Ok(Err(format!("ended with {status}"))),
            None if until.is_some_and(|until| Instant::now() > until) => {
                child.kill()?;
                child.wait()?;
                return Ok(Err(job.timed_out()));
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
}
