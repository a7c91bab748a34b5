//! Which runs are alive, as far as a pool's life depends on it: files that their
//! processes keep locked.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;

use crate::base::error::{Error, Result};
use crate::lend::wait::Wait;
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::line;
use crate::local::lock::Locked;
use crate::sys::{self, Dir};
use crate::terms::access::Access;

/// The lock files of one run in one pool.
pub(crate) struct RunLocks {
    dir: Dir,
    run: String,
}

impl RunLocks {
    pub(crate) fn open(dir: &PoolDir, run: &str) -> Result<Self> {
        let path = dir.pool.path().join(files::RUNS);
        Ok(Self {
            dir: Dir::create(&path).map_err(|error| unusable(&path, error))?,
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

    fn is_locked(&self, file: &str) -> Result<bool> {
        let failed = |error| unusable(&self.path(file), error);
        match self.dir.existing(file).map_err(failed)? {
            None => Ok(false),
            Some(found) => Ok(Locked::try_lock(found, Access::Shared)
                .map_err(failed)?
                .is_err()),
        }
    }

    /// Says that a process of the run is alive, as long as the lock is kept. Waits
    /// while what an earlier part of the run left is cleaned up.
    pub(crate) fn live(&self, dir: &PoolDir, wait: &mut Wait<'_>) -> Result<Locked> {
        let file = self.alive();
        loop {
            let locked = line::lock(&self.dir, &file, Access::Shared, dir, wait)?;
            let failed = |error| unusable(&self.path(&file), error);
            // Removed by the reaper of this run, which ended meanwhile.
            if locked.is_in(&self.dir, &file).map_err(failed)? {
                return Ok(locked);
            }
        }
    }

    /// As [`RunLocks::live`], for the reaper while the runner lives.
    pub(crate) fn live_as_reaper(&self) -> Result<Locked> {
        self.lock(&self.alive(), Access::Shared)
    }

    /// Waits until no process of the run is alive; none begins as long as the
    /// lock is kept.
    pub(crate) fn wait_for_all(&self) -> Result<Locked> {
        self.lock(&self.alive(), Access::Exclusive)
    }

    /// Whether the run's reaper stands by.
    pub(crate) fn has_reaper(&self) -> Result<bool> {
        self.is_locked(&self.reaper())
    }

    /// One process at a time starts a reaper.
    pub(crate) fn start_lock(&self) -> Result<Locked> {
        self.lock(&self.start(), Access::Exclusive)
    }

    /// Becomes the reaper; nothing when there is one.
    pub(crate) fn become_reaper(&self) -> Result<Option<Locked>> {
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
                // Somebody was just looking whether there is one.
                Err(_) => thread::yield_now(),
            }
        }
    }

    /// Forgets the run: it is over.
    pub(crate) fn remove(&self) {
        for file in [self.alive(), self.reaper(), self.start()] {
            // What stays is unlocked, and so says nothing.
            let _ = fs::remove_file(self.path(&file));
        }
    }
}

/// Forgets runs whose reapers died.
pub(crate) fn forget_dead(dir: &PoolDir) -> Result<()> {
    let path = dir.pool.path().join(files::RUNS);
    let failed = |error| unusable(&path, error);
    for entry in sys::list(&path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let is_run = file.extension() == Some("alive".as_ref());
        if let (true, Some(run)) = (is_run, file.file_stem().and_then(|run| run.to_str())) {
            // While it is certain: a process that joins the run now finds the
            // file gone, and makes another.
            if_dead(dir, run, RunLocks::remove)?;
        }
    }
    Ok(())
}

/// Whether some process of that run is alive, or its reaper: standing by as long
/// as the runner lives, or at its work. Not for the caller's own run.
pub(crate) fn is_alive(dir: &PoolDir, run: &str) -> Result<bool> {
    Ok(!if_dead(dir, run, |_| ())?)
}

/// Whether no process of that run is alive, and not its reaper; does this while
/// none can begin to be.
fn if_dead(dir: &PoolDir, run: &str, then: impl FnOnce(&RunLocks)) -> Result<bool> {
    let locks = RunLocks::open(dir, run)?;
    let file = locks.alive();
    let failed = |error| unusable(&locks.path(&file), error);
    // One asks at a time: two would take each other for the run.
    let _turn = locks.lock("ask", Access::Exclusive)?;
    if locks.has_reaper()? {
        return Ok(false);
    }
    let Some(found) = locks.dir.existing(&file).map_err(failed)? else {
        return Ok(true);
    };
    // Exclusively: the live share it.
    match Locked::try_lock(found, Access::Exclusive).map_err(failed)? {
        Err(_) => Ok(false),
        Ok(_all) => {
            then(&locks);
            Ok(true)
        }
    }
}

/// The error of a reaper that did not come up.
pub(crate) fn no_reaper(detail: impl std::fmt::Display) -> Error {
    Error::hook(
        "failed to start the process that cleans up after the run".to_owned(),
        detail.to_string().into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_forgotten_while_none_of_its_processes_can_begin() {
        let dir = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(dir.path(), "db").unwrap();
        let locks = RunLocks::open(&dir, "run-1").unwrap();
        drop(locks.lock(&locks.alive(), Access::Shared).unwrap());
        let mut others_wait = None;
        let look = |locks: &RunLocks| others_wait = Some(locks.is_locked(&locks.alive()).unwrap());
        assert!(if_dead(&dir, "run-1", look).unwrap());
        assert_eq!(others_wait, Some(true));

        let live = locks.lock(&locks.alive(), Access::Shared).unwrap();
        forget_dead(&dir).unwrap();
        assert!(live.is_in(&locks.dir, &locks.alive()).unwrap());
        drop(live);
        forget_dead(&dir).unwrap();
        assert!(!locks.path(&locks.alive()).exists());
    }
}
