//! What is known of the clean-up after one run of a pool, beside the run's locks.
//! Explains, and says how to begin again if its process was killed; never decides.

use crate::base::json;

/// A run's clean-up: who does it, and what it has left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunNote {
    /// The version of the format.
    pub v: u32,
    /// The run.
    pub run: String,
    /// The program that cleans up: a test binary.
    pub program: String,
    /// The directory in which it works.
    pub dir: String,
    /// The directory of the package whose workspace configures the pool.
    pub package: Option<String>,
    /// The state directory.
    pub state_dir: String,
    /// The process whose end is the end of the run.
    pub runner: u32,
    /// When that started, in the system's own unit; 0 if unknown.
    pub runner_started: u64,
    /// Whether it kept everything, since the user wants to see it.
    pub kept: bool,
    /// What failed.
    pub failed: Vec<FailedCleanup>,
}

json::object!(RunNote {
    v,
    run,
    program,
    dir,
    package,
    state_dir,
    runner,
    runner_started,
    kept,
    failed
});

/// A `cleanup` or `teardown` that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCleanup {
    /// The name; `None` if it is the pool's as a whole.
    pub name: Option<String>,
    /// Why.
    pub error: String,
}

json::object!(FailedCleanup { name, error });

impl RunNote {
    /// Whether its process has come to the end, and left something.
    pub fn has_left(&self) -> bool {
        self.kept || !self.failed.is_empty()
    }
}
