//! Waits for kernel locks, with the patience of a request.

use std::path::Path;

use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::local::dir::unusable;
use crate::local::lock::Locked;
use crate::local::timed_lock::Pending;
use crate::sys::{Dir, OpenFile};
use crate::terms::access::Access;

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
