//! Starts a run's reaper, which stands by until the run is over.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::backend::runs::Runs;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::config::variables;
use crate::identity::program;
use crate::identity::runner::{self, Runner};

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
    pub(crate) fn address(&self) -> Address {
        Address {
            package: self.package.as_ref().map(PathBuf::from),
            state_dir: PathBuf::from(&self.state_dir),
        }
    }
}

/// Sees to it that a reaper stands by.
pub(crate) fn ensure(pool: &str, address: &Address, runs: &dyn Runs, run: &str) -> Result<()> {
    runs.ensure_reaper(run, &mut || start(pool, address, run))
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
        runner: runner::runner()?,
    };
    let mut command = Command::new(program::own().map_err(no_reaper)?);
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
        // Not waited for: it outlives us.
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

/// The error of a reaper that did not start.
pub(crate) fn no_reaper(detail: impl fmt::Display) -> Error {
    Error::hook(
        "failed to start the process that cleans up after the run".to_owned(),
        detail.to_string().into(),
    )
}
