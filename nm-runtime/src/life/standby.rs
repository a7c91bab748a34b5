//! Starts a run's reaper, which stands by until the run is over.

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
use crate::base::error::{Error, Result};
use crate::base::json;
#[cfg(feature = "tools")]
use crate::config::surroundings::Surroundings;
use crate::config::variables;
#[cfg(feature = "tools")]
use crate::config::workspace::Package;
use crate::identity::program::{self, Standby};
#[cfg(feature = "tools")]
use crate::identity::run;
use crate::identity::runner::{self, Runner};
use crate::terms::record::FORMAT;
use crate::terms::run_note::RunNote;

/// What a reaper writes once it stands by.
pub(crate) const READY: &[u8] = b"ready\n";

/// How a process finds a pool that another process of its run has opened. Its own
/// surroundings may differ: a test can have changed its environment, and the hooks may
/// be in a package of another workspace.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The directory of the package whose workspace configures the pool.
    pub(crate) package: Option<PathBuf>,
    pub(crate) state_dir: PathBuf,
}

/// A reaper's work.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) pool: String,
    package: Option<String>,
    state_dir: String,
    pub(crate) run: String,
    pub(crate) runner: Runner,
}

json::object!(Job {
    pool,
    package,
    state_dir,
    run,
    runner
});

impl Job {
    /// What is known of this clean-up before it begins, in the process that does it.
    pub(crate) fn note(&self) -> RunNote {
        let text = |path: io::Result<PathBuf>| {
            let path = path.ok().and_then(|path| path.to_str().map(str::to_owned));
            path.unwrap_or_default()
        };
        RunNote {
            v: FORMAT,
            run: self.run.clone(),
            program: text(env::current_exe()),
            dir: text(env::current_dir()),
            package: self.package.clone(),
            state_dir: self.state_dir.clone(),
            runner: self.runner.pid,
            runner_started: self.runner.started,
            kept: false,
            failed: Vec::new(),
        }
    }

    pub(crate) fn address(&self) -> Address {
        Address {
            package: self.package.as_ref().map(PathBuf::from),
            state_dir: PathBuf::from(&self.state_dir),
        }
    }
}

/// Sees to it that a reaper stands by.
pub(crate) fn ensure(
    pool: &str,
    address: &Address,
    runs: &dyn Runs,
    run: &str,
    patience: &mut dyn Patience,
) -> Result<()> {
    runs.ensure_reaper(run, patience, &mut || start(pool, address, run))
}

fn start(pool: &str, address: &Address, run: &str) -> Result<()> {
    let text = |path: &Path| match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(no_reaper(format!("`{}` is not UTF-8", path.display()))),
    };
    let job = Job {
        pool: pool.to_owned(),
        package: address.package.as_deref().map(text).transpose()?,
        state_dir: text(&address.state_dir)?,
        run: run.to_owned(),
        runner: runner::of(run)?,
    };
    let command = program::command().map_err(no_reaper)?;
    // Not waited for: it outlives us.
    run_job(command, &job).map(drop)
}

/// Starts a program as a reaper; returns once that stands by.
fn run_job(mut command: Command, job: &Job) -> Result<Standby> {
    command
        .env(variables::MODE, json::to_string(job))
        // It cleans up when the hook is over within which it was started.
        .env_remove(variables::WITHIN)
        .env("NAME_MANAGER_RUN_ID", &job.run);
    // A test may have changed it.
    if let Some(server) = &variables::get()?.server {
        command.env("NAME_MANAGER_SERVER", server.as_str());
    }
    let title = format!(
        "name-manager: reaper of pool {} after run {}",
        job.pool, job.run
    );
    let (state_dir, runner) = (Path::new(&job.state_dir), job.runner.pid);
    let started = program::start_standby(&mut command, &title, state_dir, runner);
    let (mut reaper, said) = started.map_err(no_reaper)?;
    match said.ends_with(READY) {
        true => Ok(reaper),
        false => {
            let status = reaper.wait().map_err(no_reaper)?;
            let said = String::from_utf8_lossy(&said);
            Err(no_reaper(format!(
                "it ended with {status}: {}",
                said.trim()
            )))
        }
    }
}

/// Starts the clean-up after a run again, which has no process any more that would do it:
/// the same program as the first time, in the same directory. It goes on if we end.
/// `kept`: cleans up even what the user wanted to keep.
///
/// # Errors
///
/// If the program is gone, cannot be started, or has no such resource any more.
#[cfg(feature = "tools")]
pub fn take_over(pool: &str, note: &RunNote, kept: bool) -> Result<Standby> {
    let mut command = match Path::new(&note.program) {
        there if there.is_file() => Command::new(there),
        // Hooks that are commands need no program of their own.
        _ if has_commands(pool, note) => program::command().map_err(no_reaper)?,
        _ => {
            return Err(no_reaper(format!(
                "`{}`, which has the hooks of pool `{pool}`, no longer exists; the next run of the tests cleans up what this one left",
                note.program
            )));
        }
    };
    if Path::new(&note.dir).is_dir() {
        command.current_dir(&note.dir);
    }
    if let Some(package) = &note.package {
        command.env("CARGO_MANIFEST_DIR", package);
    }
    if kept {
        command.env_remove("NAME_MANAGER_KEEP");
    }
    let job = Job {
        pool: pool.to_owned(),
        package: note.package.clone(),
        state_dir: note.state_dir.clone(),
        run: note.run.clone(),
        runner: runner_of(note),
    };
    run_job(command, &job)
}

/// Whether the pool's hooks are in its configuration.
#[cfg(feature = "tools")]
fn has_commands(pool: &str, note: &RunNote) -> bool {
    let Some(package) = &note.package else {
        return false;
    };
    let config =
        Surroundings::of(&Package::In(package.into())).and_then(|around| around.pool(pool));
    config.is_ok_and(|config| config.hooks.is_some())
}

#[cfg(feature = "tools")]
fn runner_of(note: &RunNote) -> Runner {
    Runner {
        pid: note.runner,
        started: note.runner_started,
    }
}

/// Whether the run ends no sooner than this process does, which is part of it.
#[cfg(feature = "tools")]
pub fn outlives_us(note: &RunNote) -> bool {
    let runner = runner_of(note);
    match runner.pid == Runner::NOBODY.pid {
        true => run::id().is_ok_and(|own| own == note.run),
        false => runner.is_above_us(),
    }
}

/// The error of a reaper that did not start.
pub(crate) fn no_reaper(detail: impl fmt::Display) -> Error {
    Error::hook(
        "failed to start the process that cleans up after the run".to_owned(),
        detail.to_string().into(),
    )
}
