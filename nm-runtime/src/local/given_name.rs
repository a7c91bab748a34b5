//! Waits for one given name: beside the queue, not at its head, so that other requests
//! can take other names. Meanwhile the name is reserved, so that they do not take this
//! one.

use std::sync::Arc;

use nm_os::{Bell, OpenFile};

use crate::backend::ask::{Ask, GivenName};
use crate::backend::broken;
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::base::failpoint;
use crate::local::dir::{PoolDir, unusable};
use crate::local::head::{Head, Take, Taken, taken};
use crate::local::lock::Locked;
use crate::local::timed_lock::Pending;
use crate::local::{blocked, files, queue};
use crate::terms::access::Access;

impl Head<'_> {
    /// Takes this name if it is free.
    pub(crate) fn try_take_given(
        &self,
        ask: &Ask<'_>,
        given: GivenName<'_>,
    ) -> Result<Option<Taken>> {
        match self.take(ask, given.index, given.name)? {
            Take::Taken(taken) => Ok(Some(taken)),
            Take::Busy => Ok(None),
            Take::Broken(reason) => Err(broken::error(ask.pool, &reason)),
        }
    }

    /// Takes this name: at once, still as the head of the queue, or after a wait
    /// beside the queue. `None` if the directory turned out to be removed.
    pub(crate) fn take_given(
        self,
        ask: &Ask<'_>,
        given: GivenName<'_>,
        patience: &mut dyn Patience,
    ) -> Result<Option<(Taken, Option<Self>)>> {
        if let Some(taken) = self.try_take_given(ask, given)? {
            return Ok(Some((taken, Some(self))));
        }
        let taken = self.wait_for_given(ask, given, patience)?;
        Ok(taken.map(|taken| (taken, None)))
    }

    /// Waits for this name, and leaves the queue as soon as the name is reserved.
    fn wait_for_given(
        self,
        ask: &Ask<'_>,
        given: GivenName<'_>,
        patience: &mut dyn Patience,
    ) -> Result<Option<Taken>> {
        patience.blocked();
        let dir = self.dir;
        let _waiting = queue::announce(dir, patience)?;
        let reservation = self.reserve(given.name, patience)?;
        failpoint::at("given name: first to get it");
        let mut access = ask.want.access;
        loop {
            let Some((lock, alone)) = lock_name(dir, given.name, access, patience)? else {
                continue;
            };
            let path = files::lock(given.name);
            let failed = |error| unusable(&dir.names.path().join(&path), error);
            if !lock.is_in(&dir.names, &path).map_err(failed)? {
                let is_current = dir.is_current();
                match judge(Lock::Other { is_current }) {
                    Verdict::Removed => return Ok(None),
                    _ => continue,
                }
            }
            failpoint::at("given name: locked");
            // Before the reservation drops, which wakes the head.
            let found = taken(dir, ask, given.index, given.name, lock, alone);
            if let Ok(Take::Taken(taken)) = &found {
                let has_readers = taken.has_readers();
                let own = Lock::Own { alone, has_readers };
                if judge(own) == Verdict::WaitAlone {
                    access = Access::Exclusive;
                    continue;
                }
            }
            drop(reservation);
            return match found? {
                Take::Taken(taken) => Ok(Some(taken)),
                Take::Broken(reason) => Err(broken::error(ask.pool, &reason)),
                Take::Busy => Ok(None),
            };
        }
    }

    /// Reserves the name, waiting behind others for it, and leaves the queue.
    fn reserve(self, name: &str, patience: &mut dyn Patience) -> Result<Reservation> {
        let dir = self.dir;
        let path = dir.names.path().join(files::reservation(name));
        let failed = |error| unusable(&path, error);
        let file = dir.names.file(&files::reservation(name)).map_err(failed)?;
        let mut reservation = Reservation {
            lock: None,
            bell: dir.bell.clone(),
        };
        match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
            Ok(lock) => {
                reservation.lock = Some(lock);
                failpoint::at("given name: reserved");
                self.leave();
            }
            Err(file) => {
                let pending = Pending::join(file, Access::Exclusive, ring(dir)).map_err(failed)?;
                self.leave();
                patience.beside(false);
                reservation.lock = Some(blocked::for_lock(&pending, patience, &path)?);
            }
        }
        patience.beside(true);
        Ok(reservation)
    }
}

/// A lock that was granted on the name's file.
#[derive(Clone, Copy, Debug)]
enum Lock {
    /// On a file that was replaced before; in a directory that is still the pool's, or
    /// not.
    Other { is_current: bool },
    /// On the file that others find, exclusively or beside the readers in its record.
    Own { alone: bool, has_readers: bool },
}

/// What a granted lock is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Take,
    LookAgain,
    /// Until it can be locked exclusively.
    WaitAlone,
    Removed,
}

fn judge(lock: Lock) -> Verdict {
    match lock {
        Lock::Other { is_current: false } => Verdict::Removed,
        // Lock the file that others will find.
        Lock::Other { is_current: true } => Verdict::LookAgain,
        // Nobody made it ready for us: the last reader has just released it, or what
        // shares the lock only looks whether it is held.
        Lock::Own {
            alone: false,
            has_readers: false,
        } => Verdict::WaitAlone,
        Lock::Own { .. } => Verdict::Take,
    }
}

/// Locks the name, waiting for it, and says whether alone. `None` if a reader was let
/// in after a wait: the other readers may be gone by now, so it must look again.
fn lock_name(
    dir: &PoolDir,
    name: &str,
    access: Access,
    patience: &mut dyn Patience,
) -> Result<Option<(Locked, bool)>> {
    let path = dir.names.path().join(files::lock(name));
    let failed = |error| unusable(&path, error);
    let mut wait = |file: OpenFile| {
        let pending = Pending::join(file, access, ring(dir)).map_err(failed)?;
        blocked::for_lock(&pending, patience, &path)
    };
    let file = dir.names.file(&files::lock(name)).map_err(failed)?;
    match Locked::try_lock_name(file, access).map_err(failed)? {
        Ok(locked) => Ok(Some(locked)),
        Err(file) => {
            let lock = wait(file)?;
            Ok((access == Access::Exclusive).then_some((lock, true)))
        }
    }
}

/// While this lives, the head of the queue leaves the name to us.
struct Reservation {
    lock: Option<Locked>,
    bell: Arc<Bell>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Unlock before waking: the head that wakes must find it gone.
        drop(self.lock.take());
        self.bell.ring();
    }
}

/// An abandoned lock request may still be granted for a moment, in which the head
/// finds the name taken: it must look again after that.
fn ring(dir: &PoolDir) -> Box<dyn FnOnce() + Send> {
    let bell = dir.bell.clone();
    Box::new(move || bell.ring())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_counts_on_the_file_that_others_find_and_beside_readers_or_alone() {
        use Verdict::{LookAgain, Removed, Take, WaitAlone};
        let other = |is_current| Lock::Other { is_current };
        let own = |alone, has_readers| Lock::Own { alone, has_readers };
        for (lock, expected) in [
            (other(true), LookAgain),
            (other(false), Removed),
            (own(true, false), Take),
            (own(true, true), Take),
            (own(false, true), Take),
            (own(false, false), WaitAlone),
        ] {
            assert_eq!(judge(lock), expected, "{lock:?}");
        }
    }
}
