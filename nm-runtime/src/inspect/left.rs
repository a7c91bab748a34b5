//! What runs that are over have left: made by hooks, cleaned up by nobody.

use crate::local::runs;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::Record;
use crate::terms::run_note::RunNote;

/// A run, as far as its clean-up of one pool goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The run.
    pub run: String,
    /// Who cleans up after it, and what was left; `None` if that is not known.
    pub note: Option<RunNote>,
    /// Whether the process that cleans up after it is alive.
    pub has_reaper: bool,
}

/// Why something is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// `cleanup` or `teardown` failed, or what comes before it.
    Failed(String),
    /// The user wants to see it (`NAME_MANAGER_KEEP`).
    Kept,
    /// The process that was to clean up has been killed.
    Undone,
}

impl Left {
    /// `failed`, `kept` or `undone`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Kept => "kept",
            Self::Undone => "undone",
        }
    }
}

/// The runs of a pool, seen before and after its records were read: a run that was alive at
/// either time may have changed them.
pub(super) struct Seen {
    runs: Vec<runs::Seen>,
}

impl Seen {
    pub(super) fn new(mut before: Vec<runs::Seen>, after: Vec<runs::Seen>) -> Self {
        before.retain(|seen| seen.has_reaper);
        before.extend(after);
        Self { runs: before }
    }

    fn is_live(&self, run: &String) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|seen| seen.has_reaper && seen.run == *run)
    }

    /// The notes of runs that nobody cleans up after any more.
    fn notes(&self) -> impl Iterator<Item = &RunNote> {
        let dead = self.runs.iter().filter(|seen| !self.is_live(&seen.run));
        dead.filter_map(|seen| seen.note.as_ref())
    }

    /// Whether something is left of a name that nobody holds.
    pub(super) fn of_name(&self, name: &str, record: &Record) -> Option<Left> {
        let life = record.life.as_ref()?;
        if life.is_kept(record.state) || life.runs.iter().any(|run| self.is_live(run)) {
            return None;
        }
        Some(self.why(Some(name), &life.runs))
    }

    /// Whether something is left of the pool as a whole.
    pub(super) fn of_pool(&self, life: &PoolLife) -> Option<Left> {
        if self.runs.iter().any(|seen| seen.has_reaper) {
            return None;
        }
        match self.why(None, &life.runs) {
            Left::Failed(error) => Some(Left::Failed(error)),
            why => life.is_set_up().then_some(why),
        }
    }

    fn why(&self, name: Option<&str>, users: &[String]) -> Left {
        // What earlier runs have left of it, these have taken over.
        let is_killed = |note: &RunNote| users.contains(&note.run) && !note.has_left();
        if self.notes().any(is_killed) {
            return Left::Undone;
        }
        let mut failed = self.notes().flat_map(|note| &note.failed);
        if let Some(failed) = failed.find(|failed| failed.name.as_deref() == name) {
            return Left::Failed(failed.error.clone());
        }
        // What one run kept, may be of another run before it.
        let mut kept = self.notes().filter(|note| note.kept);
        match !users.is_empty() && kept.next().is_some() {
            true => Left::Kept,
            false => Left::Undone,
        }
    }
}
