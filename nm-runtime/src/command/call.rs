//! Runs one hook: by a process that watches over it, ends it when its time or its caller is
//! gone, and keeps the lock of the name's hooks until then.
//!
//! Without that process, a hook whose caller is killed would go on beside the next one. And the
//! lock must not be the hook's own: what that starts in the background would keep it for ever.

use std::fs::File;
use std::io;
use std::process::Command;
use std::time::Duration;

use nm_os::Watcher;

use crate::backend::hook_files::HookLock;
use crate::base::json;
use crate::command::job::{Job, Said};
use crate::config::variables;
use crate::identity::program;

/// So long killed processes may take to be gone.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the hook with what `around` says of environment and working directory. Returns how it
/// ended.
///
/// # Errors
///
/// If that could not be tried.
pub(crate) fn call(
    job: &Job,
    title: &str,
    around: impl FnOnce(&mut Command),
    lock: Option<&dyn HookLock>,
    log: &File,
) -> io::Result<Result<(), String>> {
    let mut command = program::command()?;
    around(&mut command);
    command.env(variables::MODE, json::to_string(job));
    let lock = lock.map(HookLock::pass_on).transpose()?;
    let watcher = Watcher::start(command, &format!("name-manager: {title}"), lock, log)?;
    let (said, status) = watcher.wait();
    let said = Said::read(&said);
    if let Some(how) = said.how {
        return Ok(how);
    }
    if let Some(group) = said.group {
        nm_os::kill_orphaned_group(group, GRACE);
    }
    Ok(Err(format!(
        "was not watched over to its end: that process ended with {}",
        status?
    )))
}
