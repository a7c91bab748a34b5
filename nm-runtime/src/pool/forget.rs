use std::panic::Location;
use std::time::Duration;

use crate::backend::patience::Deadline;
use crate::backend::snapshot::Forgotten;
use crate::base::error::{BoxError, Result};
use crate::identity::run;
use crate::pool::{Pool, acquire};
use crate::terms::record::Record;

/// So long another process may keep from us whether a run is alive.
const ANSWER: Duration = Duration::from_secs(60);

/// What has become of a name that a fingerprint keeps.
#[derive(Debug)]
pub enum Kept {
    /// It is cleaned up.
    CleanedUp,
    /// A run that goes on uses it, or a process holds it.
    InUse,
    /// Its `cleanup` failed.
    Failed(BoxError),
}

impl Pool {
    /// Forgets what is known about the pool's names: their dates, whether they are
    /// dirty or broken, and that they were initialised. Fences go on growing, and
    /// the journal stays. While a name is lent nothing is forgotten, or, with
    /// `force`, only what is known about the others: a lent name stays with its
    /// holder.
    ///
    /// # Errors
    ///
    /// If the pool's directory cannot be used.
    #[track_caller]
    pub fn forget(&self, force: bool) -> Result<Forgotten> {
        let holder = self.opened.asker(Location::caller())?;
        self.opened.backend.forget(&holder, force)
    }

    /// Calls `cleanup` for the names that a fingerprint keeps, as a part of the run to which
    /// this process belongs: after `setup`, and before `teardown` at its end. Does nothing if
    /// this program does not know the pool's hooks.
    ///
    /// # Errors
    ///
    /// If the pool's directory cannot be used, or `setup` fails.
    #[track_caller]
    pub fn clean_up_kept(&self) -> Result<Vec<(String, Kept)>> {
        let (pool, own) = (&*self.opened, run::id()?);
        let place = Location::caller();
        let Some(hooks) = pool.hooks()? else {
            return Ok(Vec::new());
        };
        let is_kept = |record: &Record| {
            let life = record.life.as_ref();
            life.is_some_and(|life| life.is_kept(record.state))
        };
        let snapshot = pool.backend.snapshot(pool.backend.key())?;
        let mut names = snapshot.unwrap_or_default().names;
        names.retain(|seen| seen.record.as_ref().is_some_and(is_kept));
        let mut ends = Vec::new();
        for seen in names {
            // Once there is something to do.
            acquire::join(pool, place)?;
            let runs = pool.backend.runs()?;
            let Some(mut lease) = acquire::try_acquire_to_clean(pool, &seen.name, own)? else {
                ends.push((seen.name, Kept::InUse));
                continue;
            };
            lease.keep_as_it_was();
            let record = lease.hold().record();
            if !is_kept(record) {
                lease.release()?;
                continue;
            }
            let mut is_used = false;
            for other in record.life.iter().flat_map(|life| &life.runs) {
                let mut patience = Deadline::after(ANSWER);
                is_used |= other != own && runs.is_alive(other, Some(&mut patience))?;
            }
            let end = match is_used {
                true => Kept::InUse,
                false => match hooks.clean_up_kept(&mut lease)? {
                    Ok(()) => Kept::CleanedUp,
                    Err(error) => Kept::Failed(error),
                },
            };
            lease.release()?;
            ends.push((seen.name, end));
        }
        Ok(ends)
    }
}
