//! Standing by: what a run's first process does so that there is a reaper.

use std::env;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::backend::runs::Runs;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::config::variables;
use crate::declared::resource::ResourceSpec;
use crate::identity::runner::{self, Runner};

/// What a reaper writes once it stands by.
pub(crate) const READY: &[u8] = b"ready\n";

/// What a reaper is told to do.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) pool: String,
    pub(crate) manifest_dir: String,
    pub(crate) run: String,
    pub(crate) runner: Runner,
}

json::object!(Job {
    pool,
    manifest_dir,
    run,
    runner
});

/// Sees to it that a reaper stands by.
pub(crate) fn ensure(pool: &str, spec: &ResourceSpec, runs: &dyn Runs, run: &str) -> Result<()> {
    runs.ensure_reaper(run, &mut || start(pool, spec, run))
}

fn start(pool: &str, spec: &ResourceSpec, run: &str) -> Result<()> {
    let job = Job {
        pool: pool.to_owned(),
        manifest_dir: spec.manifest_dir.to_owned(),
        run: run.to_owned(),
        runner: runner::runner()?,
    };
    let mut command = Command::new(own_program().map_err(no_reaper)?);
    command
        .env(variables::MODE, json::to_string(&job))
        .env("NAME_MANAGER_RUN_ID", run)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(no_reaper)?;
    let mut said = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut said).map_err(no_reaper)?;
    }
    match said.ends_with(READY) {
        // Nobody waits for it: it outlives us.
        true => Ok(()),
        false => {
            let status = child.wait().map_err(no_reaper)?;
            let said = String::from_utf8_lossy(&said);
            Err(no_reaper(format!(
                "it ended with {status}: {}",
                said.trim()
            )))
        }
    }
}

/// This program: what runs, also when its file was replaced by a newer build.
fn own_program() -> io::Result<PathBuf> {
    match cfg!(target_os = "linux") {
        true => Ok(PathBuf::from("/proc/self/exe")),
        false => env::current_exe(),
    }
}

/// The error of a reaper that did not come up.
pub(crate) fn no_reaper(detail: impl fmt::Display) -> Error {
    Error::hook(
        "failed to start the process that cleans up after the run".to_owned(),
        detail.to_string().into(),
    )
}
