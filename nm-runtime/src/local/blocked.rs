//! Waits for kernel locks, with the patience of a request, or for a moment.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nm_os::{Dir, OpenFile};

use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::local::dir::unusable;
use crate::local::lock::Locked;
use crate::local::timed_lock::Pending;
use crate::terms::access::Access;

/// How long a request that does not wait gives another process that is just doing
/// something.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(2);

/// Tries until it comes to something, at most so long.
pub(crate) fn within<T>(
    bound: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let mut until = None;
    loop {
        match attempt()? {
            None => {}
            // Most often at once: the clock is not asked for that.
            done => return Ok(done),
        }
        if until.is_some_and(|until| Instant::now() > until) {
            return Ok(None);
        }
        until.get_or_insert_with(|| Instant::now() + bound);
        thread::sleep((bound / 40).min(Duration::from_millis(1)));
    }
}

/// As [`lock`], but only for a moment.
pub(crate) fn lock_soon(within_dir: &Dir, name: &str) -> Result<Option<Locked>> {
    let failed = |error| unusable(&within_dir.path().join(name), error);
    within(A_MOMENT, || {
        let file = within_dir.file(name).map_err(failed)?;
        let lock = Locked::try_lock(file, Access::Exclusive).map_err(failed)?;
        Ok(lock.ok())
    })
}

/// Locks a file of a directory, waiting for it.
pub(crate) fn lock(
    within: &Dir,
    name: &str,
    access: Access,
    patience: &mut dyn Patience,
) -> Result<Locked> {
    let path = within.path().join(name);
    let failed = |error| unusable(&path, error);
    let file = within.file(name).map_err(failed)?;
    match Locked::try_lock(file, access).map_err(failed)? {
        Ok(lock) => Ok(lock),
        Err(file) => for_file(file, access, patience, &path),
    }
}

/// Waits for a lock that was asked for.
pub(crate) fn for_lock(
    pending: &Pending,
    patience: &mut dyn Patience,
    path: &Path,
) -> Result<Locked> {
    loop {
        let lock = pending.wait_until(patience.until());
        match lock.map_err(|error| unusable(path, error))? {
            Some(lock) => return Ok(lock),
            None => patience.tick()?,
        }
    }
}

/// Locks a file whose lock is taken.
fn for_file(
    file: OpenFile,
    access: Access,
    patience: &mut dyn Patience,
    path: &Path,
) -> Result<Locked> {
    let pending = Pending::join(file, access, Box::new(|| ()));
    for_lock(
        &pending.map_err(|error| unusable(path, error))?,
        patience,
        path,
    )
}
