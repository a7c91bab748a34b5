//! The process that cleans up after a run: the test binary again, started
//! detached by the first process of the run that uses hooks. It stands by until
//! the run's runner and all its processes have ended, however they ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::backend::patience::Deadline;
use crate::backend::runs::Runs;
use crate::base::error::{BoxError, Error, Result};
use crate::base::failpoint;
use crate::base::thread::start_in;
use crate::config::variables::{self, Keep};
use crate::identity::asker;
use crate::life::hooks::Hooks;
use crate::life::standby::{Job, READY, no_reaper};
use crate::pool::acquire;
use crate::pool::opened::Opened;
use crate::terms::event::Kind;
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolHook;
use crate::terms::record::{Doing, Record, State};
use crate::terms::run_note::FailedCleanup;

/// Does the reaper's work. Returns the exit code.
pub(crate) fn run(job: &Job) -> i32 {
    match reap(job) {
        Ok(()) => 0,
        Err(error) => {
            // Read by the process that started us, if we have not said that we are ready.
            let _ = nm_os::answer(format!("{error:?}").as_bytes());
            1
        }
    }
}

fn reap(job: &Job) -> Result<()> {
    // A session of its own before it says that it is ready: Ctrl-C, a runner's
    // timeout and a closed terminal end only the tests.
    nm_os::detach().map_err(no_reaper)?;
    // Not one of those that `identity::runner` looks for, above what hooks start.
    nm_os::name_process("nm-reaper");
    let pool = Opened::again(&job.pool, job.address())?;
    if !pool.needs_reaper()? {
        return Err(no_reaper("it has no such resource or allocator"));
    }
    let runs = pool.backend.runs()?;
    let mut reaping = runs.stand_by(&job.run)?;
    let mut note = job.note();
    if let Some(reaping) = &mut reaping {
        reaping.note(&note);
    }
    nm_os::answer(READY).map_err(no_reaper)?;
    let Some(mut reaping) = reaping else {
        // There is one already: a process that started a reaper died before that was
        // ready.
        return Ok(());
    };
    failpoint::at("reaper: stands by");
    job.runner.wait().map_err(no_reaper)?;
    failpoint::at("reaper: runner has ended");
    // Before anything is waited for: from now on the checkout may be removed.
    let first = Seen::look(&pool, &*runs, &job.run);
    reaping.begin()?;
    let cleaned = clean_up_from(&pool, &*runs, &job.run, first);
    failpoint::at("reaper: all cleaned");
    match cleaned {
        Ok(left) => {
            (note.kept, note.failed) = (left.kept, left.failed);
            reaping.note(&note);
            reaping.finish()
        }
        Err(error) => {
            note.failed = vec![FailedCleanup {
                name: None,
                error: format!("clean-up ended early: {error:?}"),
            }];
            reaping.note(&note);
            Err(error)
        }
    }
}

/// What a clean-up has left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Whether that is what the user wants.
    kept: bool,
    failed: Vec<FailedCleanup>,
}

impl Left {
    /// Adds what failed of the pool as a whole.
    fn of_pool(&mut self, error: String) {
        self.failed.push(FailedCleanup { name: None, error });
    }
}

/// Cleans up after a run that is over.
#[cfg(test)]
pub(super) fn clean_up(pool: &Opened, runs: &dyn Runs, run: &str) -> Result<Left> {
    clean_up_from(pool, runs, run, Ok(Seen::default()))
}

/// As [`clean_up`]; `first` was seen when the runner had just ended.
fn clean_up_from(pool: &Opened, runs: &dyn Runs, run: &str, first: Result<Seen>) -> Result<Left> {
    // Before anything is cleaned up: what is still held by then, is held by another run.
    let taken_back = acquire::take_back(pool, run);
    match pool.hooks()? {
        Some(hooks) => {
            let cleaning = Cleaning {
                pool,
                hooks,
                runs,
                run,
                begun: Mutex::default(),
                torn_down: AtomicBool::new(false),
            };
            cleaning.clean(taken_back, first)
        }
        // The next request fails with the same error.
        None => Ok(Left::default()),
    }
}

/// What is to be done, as far as it was seen: all that is known once the directory is gone.
#[derive(Debug, Default)]
struct Seen {
    /// The names that were ever lent, and whether no live run uses it.
    names: Vec<(String, bool)>,
    /// Whether the pool is to be torn down; `None` if nothing is known of it.
    last: Option<bool>,
}

impl Seen {
    fn look(pool: &Opened, runs: &dyn Runs, run: &str) -> Result<Self> {
        let mut seen = Self::default();
        for known in names(pool)? {
            let over = is_over(runs, run, &known.record)?;
            seen.names.push((known.name, over));
        }
        if let Some(life) = runs.life_by_now() {
            let last = life.is_set_up() && all_dead(runs, run, &life.runs)?;
            seen.last = Some(last);
        }
        Ok(seen)
    }

    /// What was seen before, and later, when some of it may have been gone.
    fn and_later(mut self, later: Self) -> Self {
        let is_later = |name: &String| later.names.iter().any(|(later, _)| later == name);
        self.names.retain(|(name, _)| !is_later(name));
        self.names.extend(later.names);
        self.last = later.last.or(self.last);
        self
    }
}

/// The names that were ever lent.
fn names(pool: &Opened) -> Result<Vec<Known>> {
    let backend = &pool.backend;
    let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
    let names = snapshot.names.into_iter().filter_map(|seen| {
        Some(Known {
            name: seen.name,
            record: seen.record?,
        })
    });
    Ok(names.collect())
}

/// Whether a name was initialised, is not kept by a fingerprint, and is used by no live
/// run.
fn is_over(runs: &dyn Runs, run: &str, record: &Record) -> Result<bool> {
    match &record.life {
        None => Ok(false),
        Some(life) if life.is_kept(record.state) => Ok(false),
        Some(life) => all_dead(runs, run, &life.runs),
    }
}

/// Whether none of these runs is alive, except the one that is cleaned up after.
fn all_dead(runs: &dyn Runs, ours: &str, of: &[String]) -> Result<bool> {
    for run in of.iter().filter(|run| **run != *ours) {
        if runs.is_alive(run, Some(&mut Deadline::after(ANSWER)))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A name that was ever lent, with its record.
struct Known {
    name: String,
    record: Record,
}

impl Known {
    /// The runs that have used it since its `init`.
    fn users(&self) -> &[String] {
        let life = self.record.life.as_ref();
        life.map_or(&[], |life| &life.runs)
    }
}

/// One reaper's work.
struct Cleaning<'a> {
    pool: &'a Opened,
    hooks: &'a Hooks,
    runs: &'a dyn Runs,
    run: &'a str,
    /// The names whose `cleanup` has begun here.
    begun: Mutex<Vec<String>>,
    /// Whether `teardown` has begun.
    torn_down: AtomicBool,
}

/// Names that could not be cleaned up, and why; in order.
type Failed = Vec<(String, BoxError)>;

impl Cleaning<'_> {
    /// Cleans up, and leaves word for the next run of what failed.
    fn clean(&self, taken_back: Result<()>, first: Result<Seen>) -> Result<Left> {
        // Looked at again, since the run's last processes may have used more names.
        let later = Seen::look(self.pool, self.runs, self.run);
        let seen = first.unwrap_or_default();
        let seen = seen.and_later(later.unwrap_or_default());
        let mut told = Vec::new();
        let mut left = Left::default();
        if let Err(error) = taken_back {
            told.push(format!("after the last run, {error:?}"));
            left.of_pool(format!("{error:?}"));
        }
        let mut failed = Failed::new();
        let cleaned = self.clean_all(&mut failed, &mut told, &mut left);
        if !left.kept && self.clean_what_is_gone(seen) {
            // And so is whom to tell.
            return Ok(Left::default());
        }
        for (name, error) in &failed {
            left.failed.push(FailedCleanup {
                name: Some(name.clone()),
                error: error.to_string(),
            });
            told.push(format!(
                "cleanup of `{name}` after the last run failed: {error}"
            ));
        }
        if let Err(error) = &cleaned {
            let pool = &self.pool.name;
            told.push(format!(
                "clean-up of pool `{pool}` after the last run ended early: {error:?}"
            ));
        }
        let turn = self.runs.life(None)?;
        let mut life = turn.read()?;
        // What failed before was tried again, unless all is kept: the next run is told how
        // that has ended.
        let mut reaped = match left.kept {
            true => life.reaped.clone(),
            false => Vec::new(),
        };
        reaped.append(&mut told);
        if life.reaped != reaped {
            life.reaped = reaped;
            turn.write(&life)?;
        }
        cleaned.map(|()| left)
    }

    /// Cleans up what was seen, if the directory has been removed since: nobody can know
    /// these names any more, so nobody is asked. Returns whether that is so.
    fn clean_what_is_gone(&self, seen: Seen) -> bool {
        if !self.runs.is_gone() {
            return false;
        }
        let holder = asker::reaper(self.run);
        let over = seen.names.into_iter().filter(|(_, over)| *over);
        for (name, _) in over {
            if !lock(&self.begun).contains(&name) {
                // The journal, which would tell how it went, is gone as well.
                let _ = self.hooks.clean_up(&holder, &self.pool.name_of(&name));
            }
        }
        if seen.last == Some(true) && !self.torn_down.load(Ordering::Relaxed) {
            let _ = self.hooks.tear_down(&holder);
        }
        true
    }

    /// Cleans up every name that no live run uses, then the pool.
    ///
    /// The pool's life is locked only to decide, and during `teardown`: a run that comes
    /// while names are cleaned up becomes a user of the pool as it is set up, and is lent
    /// what is ready. The pool is then left to that run's reaper.
    fn clean_all(
        &self,
        failed: &mut Failed,
        told: &mut Vec<String>,
        left: &mut Left,
    ) -> Result<()> {
        let known = names(self.pool)?;
        if self.keeps(&known)? {
            told.push(self.kept(&known));
            left.kept = true;
            return Ok(());
        }
        self.clean_names(self.over(known, failed)?, Others::CleanUp, failed);
        failpoint::at("reaper: cleaned the names");
        // Decided only now, and under the lock: a run that has come meanwhile is among the
        // pool's runs, and one that comes later waits until the pool is torn down.
        let (turn, mut life, last) = loop {
            let turn = self.runs.life(None)?;
            let life = turn.read()?;
            let last = life.is_set_up() && self.all_dead(&life.runs)?;
            if !last {
                break (turn, life, last);
            }
            // Left by a run that came and died meanwhile, with its reaper. What we have cleaned
            // up is of no run, so this comes to an end.
            let mut more = names(self.pool)?;
            more.retain(|known| !known.users().is_empty());
            let more = self.over(more, failed)?;
            if more.is_empty() {
                break (turn, life, last);
            }
            drop(turn);
            self.clean_names(more, Others::Wait, failed);
        };
        // What another run uses is left to its reaper.
        failed.retain(|(_, error)| last || !is_timeout(error));
        let in_use = failed.iter().any(|(_, error)| is_timeout(error));
        if !last || in_use {
            // Nothing is torn down while a process still holds a name.
            return Ok(());
        }
        // As for a name: if we die, the next run sets it up again.
        life.runs.clear();
        let holder = asker::reaper(self.run);
        life.hook = Some(PoolHook::now(Kind::Teardown, &holder));
        turn.write(&life)?;
        failpoint::at("reaper: tears down");
        self.torn_down.store(true, Ordering::Relaxed);
        let torn_down = self.hooks.tear_down(&holder);
        life.hook = None;
        life.done &= torn_down.is_err();
        if let Err(error) = torn_down {
            let pool = &self.pool.name;
            told.push(format!(
                "teardown of pool `{pool}` after the last run failed: {error}"
            ));
            left.of_pool(format!("teardown failed: {error}"));
        }
        turn.write(&life)
    }

    /// The names that nobody uses any more, except those that could not be cleaned up.
    fn over(&self, names: Vec<Known>, failed: &Failed) -> Result<Vec<String>> {
        let mut over = Vec::new();
        for known in names {
            let has_failed = failed.iter().any(|(name, _)| *name == known.name);
            if !has_failed && is_over(self.runs, self.run, &known.record)? {
                over.push(known.name);
            }
        }
        Ok(over)
    }

    /// Cleans up these names, as many at the same time as the resource allows.
    fn clean_names(&self, names: Vec<String>, others: Others, failed: &mut Failed) {
        let at_once = self.hooks.cleanups_at_once().min(names.len());
        let names = Mutex::new(names.into_iter());
        let failing = Mutex::new(failed);
        let next = || lock(&names).next();
        let work = || {
            while let Some(name) = next() {
                if let Err(error) = self.clean_name(&name, others) {
                    let mut failing = lock(&failing);
                    let at = failing.partition_point(|(other, _)| *other < name);
                    failing.insert(at, (name, error));
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..at_once {
                // What a thread that cannot be started would do, the others do.
                let _ = start_in(scope, "name-manager-cleanup", Box::new(work));
            }
            work();
        });
    }

    /// What is said of names that are kept.
    fn kept(&self, names: &[Known]) -> String {
        let is_there = |known: &&Known| known.record.life.is_some();
        let kept: Vec<_> = names
            .iter()
            .filter(is_there)
            .map(|known| self.how_to_reach(&known.name))
            .collect();
        format!(
            "the last run kept {} of pool `{}` for inspection (NAME_MANAGER_KEEP); this run cleans them up when it ends, unless that is set",
            kept.join(", "),
            self.pool.name
        )
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

    fn clean_name(&self, name: &str, others: Others) -> std::result::Result<(), BoxError> {
        let mut lease = match acquire::try_acquire_to_clean(self.pool, name, self.run)? {
            Some(lease) => lease,
            None if others == Others::CleanUp && self.has_live_holder(name)? => return Ok(()),
            None => acquire::acquire_to_clean(self.pool, name, self.run, PATIENCE)?,
        };
        // Dirty stays dirty for the next holder, unless it is cleaned up here.
        lease.keep_as_it_was();
        // Another run may have taken it over before we had it.
        if !is_over(self.runs, self.run, lease.hold().record())? {
            return Ok(lease.release()?);
        }
        let holder = lease.hold().holder().clone();
        // If we die, what is left is of no use, even to a process that still finds our
        // run alive: the locks of a dying process go one by one.
        if let Some(life) = &mut lease.hold().record().life {
            life.runs.clear();
            life.doing = Some(Doing::now("cleaning up"));
        }
        lease.hold().save()?;
        failpoint::at("reaper: has a name");
        lock(&self.begun).push(name.to_owned());
        let cleaned = self.hooks.clean_up(&holder, lease.handle());
        failpoint::at("reaper: cleaned a name");
        let record = lease.hold().record();
        if let Some(life) = &mut record.life {
            life.doing = None;
        }
        if cleaned.is_ok() {
            record.life = None;
            record.last = None;
            record.state = State::Clean;
            record.reason = None;
        }
        lease.hold().save()?;
        failpoint::at("reaper: recorded it");
        lease.release()?;
        cleaned
    }

    /// Whether a process of another live run holds the name. It may not have written
    /// down yet that its run uses it.
    fn has_live_holder(&self, name: &str) -> Result<bool> {
        let backend = &self.pool.backend;
        let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
        let seen = snapshot.names.iter().find(|seen| seen.name == name);
        for tenure in seen.map_or(&[][..], |seen| &seen.holders) {
            let run = &tenure.holder.run;
            let mut patience = Deadline::after(ANSWER);
            if run != self.run && self.runs.is_alive(run, Some(&mut patience))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn all_dead(&self, runs: &[String]) -> Result<bool> {
        all_dead(self.runs, self.run, runs)
    }

    /// Whether the user wants to inspect what the run left.
    fn keeps(&self, names: &[Known]) -> Result<bool> {
        match variables::get()?.keep {
            None => Ok(false),
            Some(Keep::Always) => Ok(true),
            Some(Keep::Failed) => {
                let of_run = |holder: &Holder| holder.run == self.run;
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

/// What becomes of a name that a process of another live run holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// That run's reaper cleans it up.
    CleanUp,
    /// No other run uses the pool, and so it is waited for.
    Wait,
}

/// A process that holds a name is waited for no longer, whether it has no hooks or is of
/// another run: the teardown, and reapers of later runs, wait for us.
const PATIENCE: Duration = Duration::from_secs(10);

/// So long another process may keep from us whether a run is alive. What is not known by then
/// is left to who cleans up next.
const ANSWER: Duration = match cfg!(test) {
    true => Duration::from_millis(50),
    false => Duration::from_secs(60),
};

fn is_timeout(error: &BoxError) -> bool {
    error.downcast_ref().is_some_and(Error::is_timeout)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
