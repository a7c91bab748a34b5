//! What hooks have done with the pool as a whole, on disk.

use std::io;
use std::path::Path;

use crate::base::error::Result;
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::files;
use crate::local::lock::is_locked;
use crate::terms::pool_life::{PoolHook, PoolLife};
use crate::terms::record::FORMAT;

pub(crate) fn read(dir: &PoolDir) -> Result<PoolLife> {
    let path = dir.pool.path().join(files::LIFE);
    match nm_os::read_regular(&path) {
        // Unreadable: nothing is known to be set up.
        Ok(text) => Ok(json::from_slice(&text).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PoolLife::default()),
        Err(error) => Err(unusable(&path, error)),
    }
}

/// The pool's hook that is running, from outside. Its process has the lock.
pub(crate) fn running_hook(pool_dir: &Path) -> Option<PoolHook> {
    let lock = nm_os::open_regular(&pool_dir.join(files::LIFE_LOCK)).ok()?;
    if !is_locked(lock) {
        return None;
    }
    let text = nm_os::read_regular(&pool_dir.join(files::LIFE)).ok()?;
    json::from_slice::<PoolLife>(&text)?.hook
}

/// As [`read`], from outside.
#[cfg(feature = "tools")]
pub(crate) fn look(pool_dir: &Path) -> PoolLife {
    let text = nm_os::read_regular(&pool_dir.join(files::LIFE));
    text.map_or_else(
        |_| PoolLife::default(),
        |text| json::from_slice(&text).unwrap_or_default(),
    )
}

pub(crate) fn write(life: &PoolLife, dir: &PoolDir) -> Result<()> {
    let life = PoolLife {
        v: FORMAT,
        ..life.clone()
    };
    let path = dir.pool.path().join(files::LIFE);
    replace(&path, &(json::to_string(&life) + "\n"))
}
