use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Instant;

use nm_runtime::inspect::{self, Found, Inspector, Run, View};
use nm_runtime::{RunNote, caller, outlives_us, take_over};

use crate::cleanup::ended::{End, Ended};
use crate::cleanup::progress::{self, Progress};
use crate::exit::{Failure, chain, code};
use crate::process::child::Ended as Ran;
use crate::process::signals;
use crate::screen::stderr;

/// What is waited for.
#[derive(Debug)]
pub struct Wanted {
    pub pools: Vec<Found>,
    /// By when; `None` if it may take any time.
    pub until: Option<Instant>,
    /// Whether to clean up even what the user wanted to keep.
    pub kept: bool,
}

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const KILLED: &str = "the process that was to do it has been killed";

/// Waits for the clean-up after runs, does what was left undone, and tells how it ended.
///
/// # Errors
///
/// If it takes longer than it may.
pub fn wait(wanted: &Wanted) -> Result<Vec<Ended>> {
    let mut ended = Vec::new();
    for found in &wanted.pools {
        let pool = Pool {
            found,
            wanted,
            failures: BTreeMap::new(),
        };
        ended.extend(pool.wait()?);
    }
    Ok(ended)
}

/// Waits for the clean-up after the tests of a runner that was our child, and after what this
/// process has used itself, and tells what it has left. Returns the exit code: that of the
/// runner, unless that has succeeded.
pub fn after(ended: Ran) -> u8 {
    after_told(ended, "")
}

/// The same after a failure that was told: one that comes of the same is not told again.
pub fn after_told(ended: Ran, told: &str) -> u8 {
    // The forwarder took them; they end the waiting, and not the clean-up.
    signals::end_by_them();
    // Where there are no pools, nothing is left.
    let failed = inspect::pools().map_or(Ok(false), |pools| has_failed(pools, ended.pid));
    match failed {
        Ok(false) => ended.code,
        Ok(true) if ended.code == 0 => code::LEFT,
        Ok(true) => ended.code,
        Err(error) => {
            let text = chain(&*error);
            if text != told {
                stderr::warn(&text);
            }
            ended.code.max(code::FAILURE)
        }
    }
}

/// Whether something that runs of this runner, or our own, have made could not be cleaned up.
fn has_failed(pools: Vec<Found>, runner: Option<u32>) -> Result<bool> {
    let wanted = Wanted {
        pools,
        until: None,
        kept: false,
    };
    let own = caller::run()?;
    let mut has_failed = false;
    for found in &wanted.pools {
        let pool = Pool {
            found,
            wanted: &wanted,
            failures: BTreeMap::new(),
        };
        // A run of our own has no runner: it is over, since we have left it.
        let is_its = |run: &Run| {
            let mut note = run.note.iter();
            note.any(|note| Some(note.runner) == runner || (note.runner == 0 && note.run == own))
        };
        // Its server is not asked, and need not answer, for what nobody here has used.
        if !found.may_be_used() {
            continue;
        }
        for run in found.runs()?.into_iter().filter(is_its) {
            pool.wait_for(&run)?;
            // Gone, if nothing is left.
            let mut left = found.runs()?.into_iter();
            let left = left.rfind(|left| left.run == run.run);
            let Some(note) = left.and_then(|left| left.note) else {
                continue;
            };
            let mut ends: Vec<_> = note
                .failed
                .iter()
                .map(|failed| pool.ended(failed.name.clone(), End::Failed(failed.error.clone())))
                .collect();
            has_failed |= !note.kept;
            if note.kept {
                ends.push(pool.ended(None, End::Kept));
            } else if ends.is_empty() {
                let why = format!("{KILLED}; `name-manager wait` does it");
                ends.push(pool.ended(None, End::Undone(why)));
            }
            for end in ends {
                stderr::warn(&format!("afterwards, {}", end.text()));
            }
        }
    }
    Ok(has_failed)
}

struct Pool<'a> {
    found: &'a Found,
    wanted: &'a Wanted,
    /// Why runs that nobody cleans up after could not be taken over.
    failures: BTreeMap<String, String>,
}

impl Pool<'_> {
    fn wait(mut self) -> Result<Vec<Ended>> {
        let before = self.look()?;
        for run in self.runs()? {
            self.wait_for(&run)?;
        }
        self.take_over()?;
        self.ends(&before)
    }

    fn runs(&self) -> Result<Vec<Run>> {
        let mut runs = self.found.runs()?;
        // That of a run which goes on until we end would never come.
        runs.retain(|run| !run.note.as_ref().is_some_and(outlives_us));
        Ok(runs)
    }

    fn look(&self) -> Result<View> {
        Ok(Inspector::new().look(self.found)?)
    }

    fn wait_for(&self, run: &Run) -> Result<()> {
        let mut progress = Progress::new();
        loop {
            let tick = self
                .wanted
                .until
                .map_or(progress.next(), |until| until.min(progress.next()));
            if self.found.wait_for_reaper(&run.run, tick)? {
                return Ok(());
            }
            if self
                .wanted
                .until
                .is_some_and(|until| Instant::now() >= until)
            {
                let what = progress::what(self.found, &run.run);
                return Err(Failure::new(
                    code::TIMED_OUT,
                    format!("timed out waiting for {what}; it goes on"),
                )
                .into());
            }
            if Instant::now() >= progress.next() {
                progress.tell(self.found, &run.run);
            }
        }
    }

    /// Does what is left undone: one process does so for all the runs that are over.
    fn take_over(&mut self) -> Result<()> {
        let mut tried = BTreeSet::new();
        while let Some(run) = self.undone(&tried)? {
            tried.insert(run.run.clone());
            let Some(note) = &run.note else { continue };
            match take_over(&self.found.pool, note, self.wanted.kept) {
                Ok(mut child) => {
                    self.wait_for(&run)?;
                    child.wait()?;
                    self.failures.insert(run.run, KILLED.to_owned());
                }
                Err(error) => {
                    self.failures.insert(run.run, chain(&error));
                }
            }
        }
        Ok(())
    }

    /// The next run that has left something which nobody cleans up.
    fn undone(&self, tried: &BTreeSet<String>) -> Result<Option<Run>> {
        let view = self.look()?;
        let is_left = view.left.is_some() || view.names.iter().any(|name| name.left.is_some());
        let is_undone = |run: &Run| match &run.note {
            None => false,
            // Killed on its way.
            Some(note) if !note.has_left() => true,
            Some(note) => is_left && (self.wanted.kept || !note.kept),
        };
        let mut runs = self.runs()?;
        runs.retain(|run| !run.has_reaper && is_undone(run) && !tried.contains(&run.run));
        // One whose process was killed has taken over what earlier ones had left.
        let has_left = |run: &Run| run.note.as_ref().is_some_and(RunNote::has_left);
        Ok(runs.into_iter().min_by_key(has_left))
    }

    /// How it ended, of everything that was there before or is left.
    fn ends(&self, before: &View) -> Result<Vec<Ended>> {
        let now = self.look()?;
        let why = self.failures.values().next_back();
        let why = why.map_or(
            "nobody knows how; the next run of the tests does it",
            |why| why,
        );
        let mut ended = Vec::new();
        for name in &now.names {
            let mut old = before.names.iter();
            let was_made = old.any(|old| old.name == name.name && old.is_made());
            let end = match &name.left {
                Some(left) => End::of(left, why),
                None if !was_made => continue,
                None if name.is_made() => End::InUse,
                None => End::Done,
            };
            ended.push(self.ended(Some(name.name.clone()), end));
        }
        match &now.left {
            Some(left) => ended.push(self.ended(None, End::of(left, why))),
            None if before.is_set_up && !now.is_set_up => {
                ended.push(self.ended(None, End::Done));
            }
            None => {}
        }
        Ok(ended)
    }

    fn ended(&self, name: Option<String>, end: End) -> Ended {
        Ended {
            pool: self.found.pool.clone(),
            name,
            end,
        }
    }
}
