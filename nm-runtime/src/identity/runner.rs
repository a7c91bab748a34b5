//! Above this process: its runner, whose end is the end of the run.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::base::error::Result;
use crate::base::json;
use crate::config::variables;
use crate::sys;

/// Who our parent was when the process started: by the time of the first lease
/// it may have ended, and another process taken its place.
pub(crate) static PARENT: AtomicU32 = AtomicU32::new(0);

/// The process whose end is the end of the run.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pid: u32,
    /// Tells it from a later process with the same id.
    started: u64,
}

json::object!(Runner { pid, started });

/// This run's: the nearest `cargo`; of a run that was named by a variable the
/// outermost runner, since that may start several.
pub(crate) fn runner() -> Result<Runner> {
    let named = variables::get()?.run_id.is_some();
    let own = std::process::id();
    let mut runner = None;
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..if named {
        RUNNER_IS_ABOVE
    } else {
        CARGO_IS_NEAR
    } {
        let Some(process) = Process::look_up(pid) else {
            break;
        };
        if RUNNERS.contains(&process.command.as_str()) && (named || runner.is_none()) {
            runner = Some(pid);
        }
        pid = process.parent;
    }
    let pid = runner.unwrap_or(own);
    let started = Process::look_up(pid).map_or(0, |process| process.started);
    Ok(Runner { pid, started })
}

impl Runner {
    /// Waits until it has ended.
    pub(crate) fn wait(&self) -> std::io::Result<()> {
        sys::wait_for_exit(self.pid, || {
            Process::look_up(self.pid).is_some_and(|process| process.started == self.started)
        })
    }
}

/// As the kernel cuts their names.
const RUNNERS: [&str; 4] = ["cargo", "cargo-nextest", "name-manager", "cargo-name-mana"];
const RUNNER_IS_ABOVE: usize = 16;

/// How far above us `cargo` may be: `rustdoc` or a runner can stand in between.
const CARGO_IS_NEAR: usize = 4;

/// The id of a run that nobody named: by the nearest `cargo`, or by this process.
pub(crate) fn run_id() -> String {
    let mut pid = PARENT.load(Ordering::Relaxed);
    for _ in 0..CARGO_IS_NEAR {
        let Some(process) = Process::look_up(pid) else {
            break;
        };
        if process.command == "cargo" {
            return format!("cargo-{pid}-{}", process.started);
        }
        pid = process.parent;
    }
    let own = std::process::id();
    let started = Process::look_up(own).map_or(0, |process| process.started);
    format!("process-{own}-{started}")
}

/// What the system tells of a process. Linux only; elsewhere every test binary
/// is a run of its own unless the runner says which it belongs to.
struct Process {
    command: String,
    parent: u32,
    started: u64,
}

impl Process {
    fn look_up(pid: u32) -> Option<Self> {
        // More than any system says up to the last field that is wanted.
        let mut stat = [0; 1024];
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let read = file.read(&mut stat).ok()?;
        let stat = str::from_utf8(&stat[..read]).ok()?;
        // `pid (command) state parent ..`, where the command may contain anything.
        let (before, after) = stat.rsplit_once(')')?;
        let (_, command) = before.split_once('(')?;
        let mut fields = after.split_ascii_whitespace().skip(1);
        Some(Self {
            command: command.to_owned(),
            parent: fields.next()?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }
}
