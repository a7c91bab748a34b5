//! Which runs are alive, as far as a pool's life depends on it: files that their
//! processes keep locked.

#[cfg(feature = "tools")]
use std::collections::BTreeSet;
use std::io;
#[cfg(feature = "tools")]
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use nm_os::{Dir, OpenFile};

use crate::backend::patience::{Deadline, Patience};
use crate::backend::runs::{Guard, LifeLock, Reaping, Runs};
use crate::base::error::{Error, Kind, Result};
use crate::base::{failpoint, json};
use crate::local::dir::{PoolDir, replace, unusable};
#[cfg(feature = "tools")]
use crate::local::kernel_locks::Locks;
use crate::local::lock::Locked;
#[cfg(feature = "tools")]
use crate::local::lock::is_locked;
#[cfg(feature = "tools")]
use crate::local::timed_lock::Pending;
use crate::local::{blocked, files, pool_life};
use crate::terms::access::Access;
use crate::terms::pool_life::PoolLife;
use crate::terms::run_note::RunNote;

/// Locked while a process asks whether a run is alive.
const ASK: &str = "ask";

/// How the file of a run's note ends.
const NOTE: &str = "json";

/// So long a reaper that has done its work waits to be told whether other runs are alive,
/// which it would merely forget.
const BRIEFLY: Duration = Duration::from_secs(10);

/// The lock files of one run in one pool.
struct RunLocks {
    dir: Dir,
    run: String,
}

impl RunLocks {
    fn open(dir: &PoolDir, run: &str) -> Result<Self> {
        let failed = |error| unusable(&dir.pool.path().join(files::RUNS), error);
        Ok(Self {
            // Not by its path: a checkout that was removed must not come back.
            dir: dir.pool.child(files::RUNS).map_err(failed)?,
            run: run.to_owned(),
        })
    }

    /// Shared by the run's processes, and by its reaper while the runner lives.
    fn alive(&self) -> String {
        format!("{}.alive", self.run)
    }

    /// Locked by the run's reaper.
    fn reaper(&self) -> String {
        format!("{}.reaper", self.run)
    }

    /// Locked while a reaper is being started.
    fn start(&self) -> String {
        format!("{}.start", self.run)
    }

    /// What is known of its clean-up.
    fn note(&self) -> String {
        format!("{}.{NOTE}", self.run)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn lock(&self, file: &str, access: Access) -> Result<Locked> {
        let failed = |error| unusable(&self.path(file), error);
        loop {
            let opened = self.dir.file(file).map_err(failed)?;
            let locked = Locked::lock(opened, access).map_err(failed)?;
            // Removed by the reaper of this run, which ended meanwhile.
            if locked.is_in(&self.dir, file).map_err(failed)? {
                return Ok(locked);
            }
        }
    }

    /// The right to find out whether the run is alive: two processes that tried that at
    /// once would take each other for the run.
    fn turn(&self, patience: Option<&mut dyn Patience>) -> Result<Locked> {
        let Some(patience) = patience else {
            return self.lock(ASK, Access::Exclusive);
        };
        blocked::lock(&self.dir, ASK, Access::Exclusive, patience).map_err(|error| {
            match error.is_timeout() {
                true => Error::new(
                    Kind::Timeout,
                    format!(
                        "it was not found out in time whether run `{}` is alive, since another process keeps `{}` locked; continue it if it is stopped, or end it",
                        self.run,
                        self.path(ASK).display()
                    ),
                )
                .because(error),
                false => error,
            }
        })
    }

    fn is_locked(&self, file: &str) -> Result<bool> {
        let failed = |error| unusable(&self.path(file), error);
        match self.dir.existing(file).map_err(failed)? {
            None => Ok(false),
            Some(found) => Ok(Locked::try_lock(found, Access::Shared)
                .map_err(failed)?
                .is_err()),
        }
    }

    /// Shows that a process of the run is alive, as long as the lock is kept. Waits
    /// while what an earlier part of the run left is cleaned up.
    fn live(&self, patience: &mut dyn Patience) -> Result<Locked> {
        let file = self.alive();
        loop {
            let locked = blocked::lock(&self.dir, &file, Access::Shared, patience)?;
            let failed = |error| unusable(&self.path(&file), error);
            // Removed by the reaper of this run, which ended meanwhile.
            if locked.is_in(&self.dir, &file).map_err(failed)? {
                return Ok(locked);
            }
        }
    }

    /// As [`RunLocks::live`], for the reaper while the runner lives.
    fn live_as_reaper(&self) -> Result<Locked> {
        self.lock(&self.alive(), Access::Shared)
    }

    /// Whether the run's reaper stands by.
    fn has_reaper(&self) -> Result<bool> {
        self.is_locked(&self.reaper())
    }

    /// One process at a time starts a reaper.
    fn start_lock(&self) -> Result<Locked> {
        self.lock(&self.start(), Access::Exclusive)
    }

    /// Becomes the reaper; `None` if there is one.
    fn become_reaper(&self) -> Result<Option<Locked>> {
        let file = self.reaper();
        let failed = |error: io::Error| unusable(&self.path(&file), error);
        loop {
            let opened = self.dir.file(&file).map_err(failed)?;
            match Locked::try_lock(opened, Access::Exclusive).map_err(failed)? {
                Ok(locked) if locked.is_in(&self.dir, &file).map_err(failed)? => {
                    return Ok(Some(locked));
                }
                Ok(_) => {}
                Err(_) if self.has_reaper()? => return Ok(None),
                // Another process was just looking whether there is one.
                Err(_) => thread::yield_now(),
            }
        }
    }

    /// Forgets the run: it is over. `note`: that too.
    fn remove(&self, note: bool) {
        // First: a note without a reaper is that of one that was killed.
        let note = note.then(|| self.note());
        let files = [self.alive(), self.reaper(), self.start()];
        for file in note.into_iter().chain(files) {
            // What stays is unlocked, and so means nothing.
            let _ = nm_os::remove(&self.path(&file));
        }
    }
}

/// Forgets runs whose reapers died.
pub(crate) fn forget_dead(dir: &PoolDir) -> Result<()> {
    let path = dir.pool.path().join(files::RUNS);
    let failed = |error| unusable(&path, error);
    let entries = match nm_os::list(&path) {
        // No run has used a hook.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let file = entry.map_err(failed)?.path();
        let is_run = ["alive", NOTE].map(|kind| Some(kind.as_ref()));
        let is_run = is_run.contains(&file.extension());
        if let (true, Some(run)) = (is_run, file.file_stem().and_then(|run| run.to_str())) {
            // While that is certain: a process that joins the run now finds the
            // file gone, and creates another. What it left is cleaned up by now, or is in
            // the note of who tried.
            let mut patience = Deadline::after(BRIEFLY);
            if file.extension() == Some(NOTE.as_ref()) {
                // A note may be all that is left.
                let locks = RunLocks::open(dir, run)?;
                locks.dir.file(&locks.alive()).map_err(failed)?;
            }
            match if_dead(dir, run, Some(&mut patience), |locks| locks.remove(true)) {
                Err(error) if !error.is_timeout() => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether neither a process of that run nor its reaper is alive; if so, calls `then`
/// while none can join.
fn if_dead(
    dir: &PoolDir,
    run: &str,
    patience: Option<&mut dyn Patience>,
    then: impl FnOnce(&RunLocks),
) -> Result<bool> {
    let locks = RunLocks::open(dir, run)?;
    let file = locks.alive();
    let failed = |error| unusable(&locks.path(&file), error);
    let _turn = locks.turn(patience)?;
    if locks.has_reaper()? {
        return Ok(false);
    }
    let Some(found) = locks.dir.existing(&file).map_err(failed)? else {
        return Ok(true);
    };
    // Exclusively: live processes share it.
    match Locked::try_lock(found, Access::Exclusive).map_err(failed)? {
        Err(_) => Ok(false),
        Ok(_all) => {
            then(&locks);
            Ok(true)
        }
    }
}

/// As [`Runs::is_running`], but only for a moment; `None` if others ask meanwhile.
pub(crate) fn is_running_now(dir: &PoolDir, run: &str) -> Result<Option<bool>> {
    let locks = RunLocks::open(dir, run)?;
    match blocked::lock_soon(&locks.dir, ASK)? {
        Some(turn) => is_running(&locks, &turn).map(Some),
        None => Ok(None),
    }
}

/// Whether a process of that run is alive, or its reaper stands by; for who has the turn.
fn is_running(locks: &RunLocks, _turn: &Locked) -> Result<bool> {
    let file = locks.alive();
    let failed = |error| unusable(&locks.path(&file), error);
    let Some(found) = locks.dir.existing(&file).map_err(failed)? else {
        return Ok(false);
    };
    match Locked::try_lock(found, Access::Exclusive).map_err(failed)? {
        Ok(_nobody) => Ok(false),
        // Shared with live processes; the reaper of a run that is over has it alone.
        Err(found) => Ok(Locked::try_lock(found, Access::Shared)
            .map_err(failed)?
            .is_ok()),
    }
}

/// The runs that are over and have a reaper, from outside and by the kernel's list of locks.
#[cfg(feature = "tools")]
pub(crate) fn over(pool_dir: &Path, locks: &Locks) -> Vec<String> {
    let runs = pool_dir.join(files::RUNS);
    let mut over = Vec::new();
    for entry in nm_os::list(&runs).into_iter().flatten().flatten() {
        let alive = entry.path();
        let is_run = alive.extension() == Some("alive".as_ref());
        let run = alive.file_stem().and_then(|run| run.to_str());
        let reaper = alive.with_extension("reaper");
        if let Some(run) = run
            && is_run
            && locks.has_alone(&alive)
            && locks.has(&reaper)
        {
            over.push(run.to_owned());
        }
    }
    over.sort();
    over
}

/// A run of a pool, from outside.
#[cfg(feature = "tools")]
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) run: String,
    /// `None` if it is not known who cleans up.
    pub(crate) note: Option<RunNote>,
    /// Whether its reaper is alive.
    pub(crate) has_reaper: bool,
}

/// The runs of which something is known, from outside.
#[cfg(feature = "tools")]
pub(crate) fn seen(pool_dir: &Path) -> Result<Vec<Seen>> {
    let runs = pool_dir.join(files::RUNS);
    let entries = match nm_os::list(&runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unusable(&runs, error))?,
    };
    let mut known = BTreeSet::new();
    for entry in entries {
        let file = entry.map_err(|error| unusable(&runs, error))?.path();
        let kind = file.extension().and_then(|kind| kind.to_str());
        if let (Some(NOTE | "reaper"), Some(run)) = (kind, file.file_stem())
            && let Some(run) = run.to_str()
        {
            known.insert(run.to_owned());
        }
    }
    let look = |run: String| {
        let file = |kind: &str| runs.join(format!("{run}.{kind}"));
        let note = nm_os::read_regular(&file(NOTE)).ok();
        Seen {
            note: note.and_then(|text| json::from_slice(&text)),
            has_reaper: nm_os::open_regular(&file("reaper")).is_ok_and(is_locked),
            run,
        }
    };
    Ok(known.into_iter().map(look).collect())
}

/// Waits until the reaper of this run is no more; false if it still is when the patience is
/// over.
#[cfg(feature = "tools")]
pub(crate) fn wait_for_reaper(
    pool_dir: &Path,
    run: &str,
    patience: &mut dyn Patience,
) -> Result<bool> {
    let path = pool_dir.join(files::RUNS).join(format!("{run}.reaper"));
    let failed = |error| unusable(&path, error);
    let file = match nm_os::open_regular(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file.map_err(failed)?,
    };
    let pending = Pending::join(file, Access::Shared, Box::new(|| ())).map_err(failed)?;
    match blocked::for_lock(&pending, patience, &path) {
        Err(error) if error.is_timeout() => Ok(false),
        lock => lock.map(|_| true),
    }
}

/// A run's lock, kept by one of its processes.
#[derive(Debug)]
struct Alive {
    /// Taken when it drops.
    lock: Option<Locked>,
    pid: u32,
}

impl Guard for Alive {}

impl Drop for Alive {
    fn drop(&mut self) {
        // A forked child shares the lock with its parent, which owns it.
        if self.pid != std::process::id()
            && let Some(lock) = self.lock.take()
        {
            lock.leave();
        }
    }
}

impl Runs for PoolDir {
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>> {
        let lock = RunLocks::open(self, run)?.live(patience)?;
        Ok(Box::new(Alive {
            lock: Some(lock),
            pid: self.pid,
        }))
    }

    fn is_alive(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool> {
        Ok(!if_dead(self, run, patience, |_| ())?)
    }

    fn is_running(&self, run: &str, patience: Option<&mut dyn Patience>) -> Result<bool> {
        let locks = RunLocks::open(self, run)?;
        let turn = locks.turn(patience)?;
        is_running(&locks, &turn)
    }

    fn ensure_reaper(
        &self,
        run: &str,
        _: &mut dyn Patience,
        start: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let locks = RunLocks::open(self, run)?;
        if locks.has_reaper()? {
            return Ok(());
        }
        let _start = locks.start_lock()?;
        match locks.has_reaper()? {
            true => Ok(()),
            false => start(),
        }
    }

    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>> {
        let locks = RunLocks::open(self, run)?;
        let reaper = locks.become_reaper()?;
        let alive = locks.live_as_reaper()?;
        let Some(reaper) = reaper else {
            return Ok(None);
        };
        let failed = |error| unusable(self.pool.path(), error);
        let spare = Spare {
            alive: locks.dir.file(&locks.alive()).map_err(failed)?,
            turn: self.pool.file(files::REAPER).map_err(failed)?,
        };
        Ok(Some(Box::new(Reaper {
            dir: self,
            locks,
            alive: Some(alive),
            spare: Some(spare),
            has_left: false,
            over: None,
            _reaper: reaper,
            turn: None,
        })))
    }

    fn life_by_now(&self) -> Option<PoolLife> {
        pool_life::read(self).ok().filter(|life| life.v != 0)
    }

    fn is_gone(&self) -> bool {
        let has_life = self.pool.existing(files::LIFE);
        // Of a directory that came back others may already use the names.
        let came_back = !self.is_current() && self.pool.path().exists();
        matches!(has_life, Ok(None)) && !came_back
    }

    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>> {
        let _lock = match patience {
            Some(patience) => {
                blocked::lock(&self.pool, files::LIFE_LOCK, Access::Exclusive, patience)?
            }
            None => lock(self, files::LIFE_LOCK)?,
        };
        Ok(Box::new(Life { dir: self, _lock }))
    }
}

/// Locks a file of the pool's directory, however long that takes.
fn lock(dir: &PoolDir, file: &str) -> Result<Locked> {
    let failed = |error| unusable(&dir.pool.path().join(file), error);
    let opened = dir.pool.file(file).map_err(failed)?;
    Locked::lock(opened, Access::Exclusive).map_err(failed)
}

/// A run's reaper.
struct Reaper<'a> {
    dir: &'a PoolDir,
    locks: RunLocks,
    /// Until the runner has ended.
    alive: Option<Locked>,
    /// Until then, too.
    spare: Option<Spare>,
    /// Whether its note says that something is left.
    has_left: bool,
    /// From then on: no process can join the run.
    over: Option<Locked>,
    _reaper: Locked,
    /// No other reaper cleans. Dropped last: the next one finds this run over.
    turn: Option<Locked>,
}

/// What [`Reaping::begin`] locks, opened before: it is the same for all who have it open, even
/// if the directory is removed meanwhile. While there is a reaper, nobody else removes them.
struct Spare {
    alive: OpenFile,
    turn: OpenFile,
}

impl Reaping for Reaper<'_> {
    fn note(&mut self, note: &RunNote) {
        self.has_left = note.has_left();
        let path = self.locks.path(&self.locks.note());
        let _ = replace(&path, &(json::to_string(note) + "\n"));
    }

    fn begin(&mut self) -> Result<()> {
        let Some(Spare { alive, turn }) = self.spare.take() else {
            return Ok(());
        };
        let failed = |error| unusable(self.dir.pool.path(), error);
        self.alive = None;
        // None can join as long as the lock is kept.
        self.over = Some(Locked::lock(alive, Access::Exclusive).map_err(failed)?);
        failpoint::at("reaper: run is over");
        // Reapers take turns: the last of several runs that shared a name finds all
        // the others over, and cleans it.
        self.turn = Some(Locked::lock(turn, Access::Exclusive).map_err(failed)?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        if !self.dir.is_current() {
            // Removed, with all that is to be forgotten.
            return Ok(());
        }
        forget_dead(self.dir)?;
        // Removed while they are locked: a process that waits to join this run finds
        // that out, and has a reaper of its own.
        self.locks.remove(!self.has_left);
        Ok(())
    }
}

/// The lock under which the pool's life changes.
struct Life<'a> {
    dir: &'a PoolDir,
    _lock: Locked,
}

impl LifeLock for Life<'_> {
    fn read(&self) -> Result<PoolLife> {
        pool_life::read(self.dir)
    }

    fn write(&self, life: &PoolLife) -> Result<()> {
        pool_life::write(life, self.dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_forgotten_while_no_process_can_join_it() {
        let dir = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(dir.path(), "db").unwrap();
        let locks = RunLocks::open(&dir, "run-1").unwrap();
        drop(locks.lock(&locks.alive(), Access::Shared).unwrap());
        let mut others_wait = None;
        let look = |locks: &RunLocks| others_wait = Some(locks.is_locked(&locks.alive()).unwrap());
        assert!(if_dead(&dir, "run-1", None, look).unwrap());
        assert_eq!(others_wait, Some(true));

        let live = locks.lock(&locks.alive(), Access::Shared).unwrap();
        forget_dead(&dir).unwrap();
        assert!(live.is_in(&locks.dir, &locks.alive()).unwrap());
        drop(live);
        forget_dead(&dir).unwrap();
        assert!(!locks.path(&locks.alive()).exists());
    }
}
