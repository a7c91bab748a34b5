//! The runner: the process above this one whose end is the end of the run.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::base::caller::{self, Caller};
use crate::base::error::Result;
use crate::base::json;
use crate::base::text;
use crate::config::variables;

/// The parent of this process when it started: by the time of the first lease it may
/// have ended, and another process be the parent.
pub(crate) static PARENT: AtomicU32 = AtomicU32::new(0);

/// The process whose end is the end of the run.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pub(crate) pid: u32,
    /// Distinguishes it from a later process with the same id.
    pub(crate) started: u64,
}

json::object!(Runner { pid, started });

/// The runner of the run that this process belongs to. That of a command is what it says; and
/// nobody, if the run is the command alone: then it ends when that has left its pools.
pub(crate) fn of(run: &str) -> Result<Runner> {
    match caller::get() {
        Some(Caller { run: Some(own), .. }) if own.id == run => Ok(Runner {
            pid: own.pid,
            started: own.started,
        }),
        Some(_) if run == own_run_id() => Ok(Runner::NOBODY),
        _ => around(),
    }
}

/// The nearest `cargo`; or, if a variable names the run, the outermost runner, since that may
/// start several. But never a `name-manager run` that has begun the run, nor what is above
/// it: then it is the command that this has started.
fn around() -> Result<Runner> {
    let variables = variables::get()?;
    let named = variables.run_id.is_some();
    let own = std::process::id();
    let mut runner = None;
    let mut below = own;
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..if named {
        RUNNER_IS_ABOVE
    } else {
        CARGO_IS_NEAR
    } {
        let Some(process) = nm_os::ancestor(pid) else {
            break;
        };
        // The variable can outlive that process; then nothing above us is it.
        if variables.runner == Some(within(pid, process.started)) {
            if named || runner.is_none() {
                runner = Some(below);
            }
            break;
        }
        if RUNNERS.contains(&process.command.as_str()) && (named || runner.is_none()) {
            runner = Some(pid);
        }
        below = pid;
        pid = process.parent;
    }
    let pid = runner.unwrap_or(own);
    Ok(Runner {
        pid,
        started: started(pid),
    })
}

/// A process as the variable for it says it: the start tells it from a later one with its id.
fn within(pid: u32, started: u64) -> String {
    format!("{pid}-{started}")
}

/// The variable to set for a command that is a run of its own, which ends with it and not
/// with this process.
#[cfg(feature = "tools")]
pub fn end_with_child() -> (&'static str, String) {
    let own = std::process::id();
    (variables::RUNNER, within(own, started(own)))
}

/// When a process has started; 0 if the system does not say.
fn started(pid: u32) -> u64 {
    nm_os::ancestor(pid).map_or(0, |process| process.started)
}

impl Runner {
    /// The run ends with the last of its processes.
    pub(crate) const NOBODY: Self = Self { pid: 0, started: 0 };

    /// Whether this process was started by it, or by what it has started.
    #[cfg(feature = "tools")]
    pub(crate) fn is_above_us(&self) -> bool {
        let mut pid = std::process::id();
        // The first process of all is its own ancestor's end.
        while let Some(process) = nm_os::ancestor(pid) {
            if pid == self.pid {
                return process.started == self.started;
            }
            pid = process.parent;
        }
        false
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&self) -> std::io::Result<()> {
        nm_os::wait_for_exit(self.pid, || {
            nm_os::ancestor(self.pid).is_some_and(|process| process.started == self.started)
        })
    }
}

/// Names, and as Linux truncates them.
const RUNNERS: [&str; 5] = [
    "cargo",
    "cargo-nextest",
    "name-manager",
    "cargo-name-manager",
    "cargo-name-mana",
];
/// How far above us the outermost runner may be.
const RUNNER_IS_ABOVE: usize = 16;
/// How far above us `cargo` may be: `rustdoc` or a runner can be in between.
const CARGO_IS_NEAR: usize = 4;

/// What the program is called that started this process.
pub(crate) fn parent_command() -> Option<String> {
    nm_os::ancestor(PARENT.load(Ordering::Relaxed)).map(|process| process.command)
}

/// The id of a run that no variable names: after the nearest `cargo`, or this process.
pub(crate) fn run_id() -> String {
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..CARGO_IS_NEAR {
        let Some(process) = nm_os::ancestor(pid) else {
            break;
        };
        if process.command == "cargo" {
            return format!("cargo-{pid}-{}{}", process.started, container());
        }
        pid = process.parent;
    }
    own_run_id()
}

/// The process after which a run is named, if that is alive: `cargo` (pid 7).
pub(crate) fn named_in(run: &str) -> Option<String> {
    let mut words = run.split('-').skip(1);
    let pid = words.next()?.parse().ok()?;
    let named: u64 = words.next()?.parse().ok()?;
    let process = nm_os::ancestor(pid).filter(|process| process.started == named)?;
    let command = text::shown(&process.command);
    Some(format!("`{command}` (pid {pid})"))
}

/// The id of a run that begins with this process.
pub(crate) fn own_run_id() -> String {
    let own = std::process::id();
    format!("process-{own}-{}{}", started(own), container())
}

/// Part of a run's id in a container, whose processes have the same ids as those of other
/// containers, and may have started in the same moment.
fn container() -> String {
    /// The namespace outside of all containers, on every Linux.
    const OUTSIDE: u64 = 0xefff_fffc;
    match nm_os::pid_namespace() {
        None | Some(0 | OUTSIDE) => String::new(),
        Some(namespace) => format!("-{namespace}"),
    }
}
