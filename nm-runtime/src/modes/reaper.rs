//! The process that cleans up after a run: the test binary again, started
//! detached by the first process of the run that uses hooks. It stands by until
//! the run's runner and all its processes have ended, however they ended.

use std::env;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::error::{BoxError, Error, Result};
use crate::base::{failpoint, json};
use crate::config::variables::{self, Keep};
use crate::declared::resource::ResourceSpec;
use crate::identity::runner::{self, Runner};
use crate::identity::{asker, run};
use crate::journal;
use crate::life::hooks::Hooks;
use crate::local::dir::{PoolDir, unusable};
use crate::local::lock::Locked;
use crate::local::pool_life;
use crate::local::record_file::RecordFile;
use crate::local::runs::{self, RunLocks, no_reaper};
use crate::local::{files, grant};
use crate::pool::{Pool, Shared};
use crate::terms::access::Access;
use crate::terms::name::Name;
use crate::terms::record::{Record, State};
use crate::{modes, sys};

const READY: &[u8] = b"ready\n";

#[derive(Debug)]
pub(crate) struct Job {
    pool: String,
    manifest_dir: String,
    run: String,
    runner: Runner,
}

json::object!(Job {
    pool,
    manifest_dir,
    run,
    runner
});

static CLEANS: AtomicBool = AtomicBool::new(false);

/// Whether this process is a reaper: it takes broken names, too.
pub(crate) fn is_here() -> bool {
    CLEANS.load(Ordering::Relaxed)
}

/// Sees to it that a reaper stands by.
pub(crate) fn ensure(pool: &Shared, spec: &ResourceSpec, locks: &RunLocks) -> Result<()> {
    if locks.has_reaper()? {
        return Ok(());
    }
    let _start = locks.start_lock()?;
    if locks.has_reaper()? {
        return Ok(());
    }
    let run = run::id()?;
    let job = Job {
        pool: pool.name.to_string(),
        manifest_dir: spec.manifest_dir.to_owned(),
        run: run.to_owned(),
        runner: runner::runner()?,
    };
    let mut command = Command::new(own_program().map_err(no_reaper)?);
    command
        .env(modes::VARIABLE, json::to_string(&job))
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

/// What a reaper does. Returns its exit code.
pub(crate) fn run(job: &Job) -> i32 {
    CLEANS.store(true, Ordering::Relaxed);
    match reap(job) {
        Ok(()) => 0,
        Err(error) => {
            // Read by who started us, if we have not said that we are ready.
            let _ = write!(std::io::stdout(), "{error:?}");
            1
        }
    }
}

fn reap(job: &Job) -> Result<()> {
    // A session of its own before it says that it is ready: Ctrl-C, a runner's
    // time-out and a closed terminal end the tests alone.
    sys::detach().map_err(no_reaper)?;
    let pool = Pool::open_for(&job.pool, Some(job.manifest_dir.clone().leak()))?;
    let shared = &*pool.shared;
    let hooks = shared
        .hooks()?
        .ok_or_else(|| no_reaper("it has no such resource"))?;
    let dir = shared.dir()?;
    let locks = RunLocks::open(&dir, &job.run)?;
    let reaper = locks.become_reaper()?;
    let alive = locks.live_as_reaper()?;
    let ready = std::io::stdout()
        .write_all(READY)
        .and_then(|()| sys::close_stdout());
    ready.map_err(no_reaper)?;
    let Some(reaper) = reaper else {
        // Started by a process that died before the other had come up.
        return Ok(());
    };
    failpoint::at("reaper: stands by");
    job.runner.wait().map_err(no_reaper)?;
    failpoint::at("reaper: runner has ended");
    drop(alive);
    let over = locks.wait_for_all()?;
    failpoint::at("reaper: run is over");
    // Reapers take turns: the last of several runs that shared a name finds all
    // the others over, and cleans it.
    let turn = lock(&dir, files::REAPER)?;
    clean(shared, hooks, &dir, job)?;
    failpoint::at("reaper: all cleaned");
    runs::forget_dead(&dir)?;
    // Removed while they are locked: who was waiting to be of this run finds
    // that out, and has a reaper of its own.
    locks.remove();
    drop((over, reaper, turn));
    Ok(())
}

fn lock(dir: &PoolDir, file: &str) -> Result<Locked> {
    let failed = |error| unusable(&dir.pool.path().join(file), error);
    let opened = dir.pool.file(file).map_err(failed)?;
    Locked::lock(opened, Access::Exclusive).map_err(failed)
}

/// This program: what runs, also when its file was replaced by a newer build.
fn own_program() -> io::Result<PathBuf> {
    match cfg!(target_os = "linux") {
        true => Ok(PathBuf::from("/proc/self/exe")),
        false => env::current_exe(),
    }
}

/// Cleans up every name that no live run uses, then the pool.
fn clean(shared: &Shared, hooks: &Hooks, dir: &PoolDir, job: &Job) -> Result<()> {
    let names = names(dir)?;
    let turn = lock(dir, files::LIFE_LOCK)?;
    let mut life = pool_life::read(dir)?;
    if keeps(dir, &names, job)? {
        let is_there = |(_, record): &&(String, Record)| record.life.is_some();
        let kept: Vec<_> = names
            .iter()
            .filter(is_there)
            .map(|(name, _)| how_to_reach(shared, name))
            .collect();
        life.reaped.push(format!(
            "the last run kept {} of pool `{}` for you to look at (NAME_MANAGER_KEEP); this run takes them down when it ends, unless that is set",
            kept.join(", "),
            job.pool
        ));
        return pool_life::write(&mut life, dir);
    }
    let last = !life.runs.is_empty() && all_dead(dir, &life.runs, job)?;
    // A run that comes after the last waits until all is taken down, and begins
    // anew. Others go on.
    let turn = last.then_some(turn);
    let patience = match last {
        true => PATIENCE_AS_LAST,
        false => PATIENCE,
    };
    let mut told = Vec::new();
    let mut in_use = false;
    for (name, record) in names {
        if !is_over(dir, &record, job)? {
            continue;
        }
        if let Err(error) = clean_name(shared, hooks, dir, &name, job, patience) {
            in_use |= error.downcast_ref().is_some_and(Error::is_timeout);
            told.push(format!(
                "cleanup of `{name}` after the last run failed: {error}"
            ));
        }
    }
    let _turn = match turn {
        Some(turn) => turn,
        None => lock(dir, files::LIFE_LOCK)?,
    };
    if !last {
        life = pool_life::read(dir)?;
    } else if !in_use {
        // Nothing is taken down under somebody who holds a name still.
        failpoint::at("reaper: tears down");
        match hooks.tear_down(shared, dir, &asker::reaper(&job.run)) {
            Ok(()) => {
                life.done = false;
                life.runs.clear();
            }
            Err(error) => told.push(format!(
                "teardown of pool `{}` after the last run failed: {error}",
                job.pool
            )),
        }
    }
    life.reaped.append(&mut told);
    pool_life::write(&mut life, dir)
}

/// A name, with its variables where the pool has some: `db-0 (DATABASE_URL=..)`.
fn how_to_reach(shared: &Shared, name: &str) -> String {
    let index = shared.config.names.index_of(name).unwrap_or_default();
    let name = Name::new(&shared.name, name, index, &shared.config.env);
    let variables: Vec<_> = name
        .envs()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    match variables.is_empty() {
        true => name.to_string(),
        false => format!("{name} ({})", variables.join(" ")),
    }
}

/// As long as it takes: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Whoever holds a name after the last run, without hooks, is not waited for.
const PATIENCE_AS_LAST: Duration = Duration::from_secs(10);

fn clean_name(
    shared: &Shared,
    hooks: &Hooks,
    dir: &PoolDir,
    name: &str,
    job: &Job,
    patience: Duration,
) -> std::result::Result<(), BoxError> {
    let mut lease = grant::acquire_to_clean(shared, name, &job.run, patience)?;
    // Dirty is dirty still for whoever comes next, unless it is taken down here.
    lease.keep_as_it_was();
    let handle = lease.handle().clone();
    let Some(held) = lease.held_mut() else {
        return Ok(());
    };
    // Another run may have come and taken it over before we had it.
    if !is_over(dir, &held.record, job)? {
        return Ok(lease.release()?);
    }
    let holder = held.holder.clone();
    failpoint::at("reaper: has a name");
    let cleaned = hooks.clean_up(shared, dir, &holder, &handle);
    failpoint::at("reaper: cleaned a name");
    if cleaned.is_ok()
        && let Some(held) = lease.held_mut()
    {
        held.record.life = None;
        held.record.last = None;
        held.record.state = State::Clean;
        held.record.reason = None;
        held.write(&handle)?;
    }
    failpoint::at("reaper: recorded it");
    lease.release()?;
    cleaned
}

/// Whether a name was initialised, is not kept by a fingerprint, and is used by
/// no live run.
fn is_over(dir: &PoolDir, record: &Record, job: &Job) -> Result<bool> {
    match &record.life {
        None => Ok(false),
        Some(life) if life.is_kept(record.state) => Ok(false),
        Some(life) => all_dead(dir, &life.runs, job),
    }
}

fn all_dead(dir: &PoolDir, runs: &[String], job: &Job) -> Result<bool> {
    for run in runs.iter().filter(|run| **run != job.run) {
        if runs::is_alive(dir, run)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the user wants to look at what the run left.
fn keeps(dir: &PoolDir, names: &[(String, Record)], job: &Job) -> Result<bool> {
    match variables::get()?.keep {
        None => Ok(false),
        Some(Keep::Always) => Ok(true),
        Some(Keep::Failed) => {
            let died = |record: &Record| {
                let mut holders = record.holders.iter();
                holders.any(|tenure| tenure.holder.run == job.run)
            };
            if names.iter().any(|(_, record)| died(record)) {
                return Ok(true);
            }
            for event in journal::Reader::open(dir.pool.path())? {
                let event = event?;
                if event.holder.run == job.run && event.is_failure() {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// Every name of the pool that was ever lent, with its record.
fn names(dir: &PoolDir) -> Result<Vec<(String, Record)>> {
    let names = RecordFile::names(&dir.names);
    let names = names.map_err(|error| unusable(dir.names.path(), error))?;
    let record = |name: String| {
        let path = dir.names.path().join(files::record(&name));
        let record = read(&path)?;
        Some((name, record))
    };
    Ok(names.into_iter().filter_map(record).collect())
}

fn read(path: &Path) -> Option<Record> {
    Record::peek(&sys::read_regular(path).ok()?)
}
