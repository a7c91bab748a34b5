//! The process that cleans up after a run: the test binary again, started
//! detached by the first process of the run that uses hooks. It stands by until
//! the run's runner and all its processes have ended, however they ended.

use std::io::{self, Write};
use std::time::Duration;

use crate::backend::runs::Runs;
use crate::base::error::{BoxError, Error, Result};
use crate::base::failpoint;
use crate::config::variables::{self, Keep};
use crate::identity::asker;
use crate::life::hooks::Hooks;
use crate::life::standby::{Job, READY, no_reaper};
use crate::pool::acquire;
use crate::pool::opened::Opened;
use crate::sys;
use crate::terms::holder::Holder;
use crate::terms::record::{Record, State};

/// Does the reaper's work. Returns the exit code.
pub(crate) fn run(job: &Job) -> i32 {
    match reap(job) {
        Ok(()) => 0,
        Err(error) => {
            // Read by the process that started us, if we have not said that we are ready.
            let _ = write!(io::stdout(), "{error:?}");
            1
        }
    }
}

fn reap(job: &Job) -> Result<()> {
    // A session of its own before it says that it is ready: Ctrl-C, a runner's
    // timeout and a closed terminal end only the tests.
    sys::detach().map_err(no_reaper)?;
    let pool = Opened::again(&job.pool, job.address())?;
    if !pool.needs_reaper()? {
        return Err(no_reaper("it has no such resource or allocator"));
    }
    let runs = pool.backend.runs()?;
    let reaping = runs.stand_by(&job.run)?;
    let ready = io::stdout()
        .write_all(READY)
        .and_then(|()| sys::close_stdout());
    ready.map_err(no_reaper)?;
    let Some(mut reaping) = reaping else {
        // There is one already: a process that started a reaper died before that was
        // ready.
        return Ok(());
    };
    failpoint::at("reaper: stands by");
    job.runner.wait().map_err(no_reaper)?;
    failpoint::at("reaper: runner has ended");
    reaping.begin()?;
    // Before anything is cleaned up: what is still held by then, is held by another run.
    let taken_back = acquire::take_back(&pool, &job.run);
    match pool.hooks()? {
        Some(hooks) => {
            let cleaning = Cleaning {
                pool: &pool,
                hooks,
                runs: &*runs,
                job,
            };
            cleaning.clean(taken_back)?;
        }
        // The next request fails with the same error.
        None => drop(taken_back),
    }
    failpoint::at("reaper: all cleaned");
    reaping.finish()
}

/// A name that was ever lent, with its record.
struct Known {
    name: String,
    record: Record,
}

/// One reaper's work.
struct Cleaning<'a> {
    pool: &'a Opened,
    hooks: &'a Hooks,
    runs: &'a dyn Runs,
    job: &'a Job,
}

impl Cleaning<'_> {
    /// Cleans up every name that no live run uses, then the pool.
    fn clean(&self, taken_back: Result<()>) -> Result<()> {
        let names = self.names()?;
        let turn = self.runs.life(None)?;
        let mut life = turn.read()?;
        let mut told = Vec::new();
        if let Err(error) = taken_back {
            told.push(format!("after the last run, {error:?}"));
        }
        if self.keeps(&names)? {
            let is_there = |known: &&Known| known.record.life.is_some();
            let kept: Vec<_> = names
                .iter()
                .filter(is_there)
                .map(|known| self.how_to_reach(&known.name))
                .collect();
            life.reaped.push(format!(
                "the last run kept {} of pool `{}` for inspection (NAME_MANAGER_KEEP); this run cleans them up when it ends, unless that is set",
                kept.join(", "),
                self.job.pool
            ));
            life.reaped.append(&mut told);
            return turn.write(&life);
        }
        let last = !life.runs.is_empty() && self.all_dead(&life.runs)?;
        // After the last run, the next one waits until all is cleaned up, and sets up
        // the pool again. Runs beside others go on.
        let turn = last.then_some(turn);
        let patience = match last {
            true => PATIENCE_AS_LAST,
            false => PATIENCE,
        };
        let mut in_use = false;
        for known in names {
            if !self.is_over(&known.record)? {
                continue;
            }
            if let Err(error) = self.clean_name(&known.name, patience) {
                in_use |= error.downcast_ref().is_some_and(Error::is_timeout);
                told.push(format!(
                    "cleanup of `{}` after the last run failed: {error}",
                    known.name
                ));
            }
        }
        let turn = match turn {
            Some(turn) => turn,
            None => {
                let turn = self.runs.life(None)?;
                life = turn.read()?;
                turn
            }
        };
        if last && !in_use {
            // Nothing is torn down while a process still holds a name.
            // As for a name: if we die, the next run sets it up again.
            life.runs.clear();
            turn.write(&life)?;
            failpoint::at("reaper: tears down");
            match self.hooks.tear_down(&asker::reaper(&self.job.run)) {
                Ok(()) => life.done = false,
                Err(error) => told.push(format!(
                    "teardown of pool `{}` after the last run failed: {error}",
                    self.job.pool
                )),
            }
        }
        life.reaped.append(&mut told);
        turn.write(&life)
    }

    fn names(&self) -> Result<Vec<Known>> {
        let backend = &self.pool.backend;
        let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
        let names = snapshot.names.into_iter().filter_map(|seen| {
            Some(Known {
                name: seen.name,
                record: seen.record?,
            })
        });
        Ok(names.collect())
    }

    /// A name, with its variables where the pool has some: `db-0 (DATABASE_URL=..)`.
    fn how_to_reach(&self, name: &str) -> String {
        let name = self.pool.name_of(name);
        let variables: Vec<_> = name
            .envs()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        match variables.is_empty() {
            true => name.to_string(),
            false => format!("{name} ({})", variables.join(" ")),
        }
    }

    fn clean_name(&self, name: &str, patience: Duration) -> std::result::Result<(), BoxError> {
        let mut lease = acquire::acquire_to_clean(self.pool, name, &self.job.run, patience)?;
        // Dirty stays dirty for the next holder, unless it is cleaned up here.
        lease.keep_as_it_was();
        // Another run may have taken it over before we had it.
        if !self.is_over(lease.hold().record())? {
            return Ok(lease.release()?);
        }
        let holder = lease.hold().holder().clone();
        // If we die, what is left is of no use, even to a process that still finds our
        // run alive: the locks of a dying process go one by one.
        if let Some(life) = &mut lease.hold().record().life {
            life.runs.clear();
        }
        lease.hold().save()?;
        failpoint::at("reaper: has a name");
        let cleaned = self.hooks.clean_up(&holder, lease.handle());
        failpoint::at("reaper: cleaned a name");
        if cleaned.is_ok() {
            let record = lease.hold().record();
            record.life = None;
            record.last = None;
            record.state = State::Clean;
            record.reason = None;
            lease.hold().save()?;
        }
        failpoint::at("reaper: recorded it");
        lease.release()?;
        cleaned
    }

    /// Whether a name was initialised, is not kept by a fingerprint, and is used by
    /// no live run.
    fn is_over(&self, record: &Record) -> Result<bool> {
        match &record.life {
            None => Ok(false),
            Some(life) if life.is_kept(record.state) => Ok(false),
            Some(life) => self.all_dead(&life.runs),
        }
    }

    /// Whether none of these runs is alive, except the one that is cleaned up after.
    fn all_dead(&self, runs: &[String]) -> Result<bool> {
        for run in runs.iter().filter(|run| **run != self.job.run) {
            if self.runs.is_alive(run)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the user wants to inspect what the run left.
    fn keeps(&self, names: &[Known]) -> Result<bool> {
        match variables::get()?.keep {
            None => Ok(false),
            Some(Keep::Always) => Ok(true),
            Some(Keep::Failed) => {
                let of_run = |holder: &Holder| holder.run == self.job.run;
                let died = |known: &Known| {
                    let mut holders = known.record.holders.iter();
                    holders.any(|tenure| of_run(&tenure.holder))
                };
                if names.iter().any(died) {
                    return Ok(true);
                }
                for event in self.pool.backend.events(0)? {
                    let event = event?;
                    if of_run(&event.holder) && event.is_failure() {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// As long as it takes: nothing waits for the reaper.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// After the last run, a process without hooks that holds a name is waited for no longer.
const PATIENCE_AS_LAST: Duration = Duration::from_secs(10);
