//! What is known of a pool's user code, on disk.

use std::io::Read;
#[cfg(feature = "tools")]
use std::{io, path::Path};

use crate::base::error::Result;
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::files;
use crate::local::lock::Locked;
use crate::terms::access::Access;
use crate::terms::code::PoolCode;

/// What processes said. Of most pools there is none: to find that out is one call.
pub(crate) fn read(dir: &PoolDir) -> Result<PoolCode> {
    let path = dir.pool.path();
    let failed = |error| unusable(&path.join(files::CODE), error);
    let Some(mut found) = dir.pool.existing(files::CODE).map_err(failed)? else {
        return Ok(PoolCode::default());
    };
    let mut text = Vec::new();
    found.file.read_to_end(&mut text).map_err(failed)?;
    Ok(parse(&text))
}

/// As [`read`], from outside.
#[cfg(feature = "tools")]
pub(crate) fn look(pool_dir: &Path) -> Result<PoolCode> {
    let path = pool_dir.join(files::CODE);
    match nm_os::read_regular(&path) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PoolCode::default()),
        Err(error) => Err(unusable(&path, error)),
    }
}

/// Whatever it says, there is some.
fn parse(text: &[u8]) -> PoolCode {
    json::from_slice(text).unwrap_or_else(PoolCode::unknown)
}

/// Adds what this process contains; returns what others had said.
pub(crate) fn add(dir: &PoolDir, ours: &PoolCode) -> Result<PoolCode> {
    let known = read(dir)?;
    if known.contains(ours) {
        return Ok(known);
    }
    let _turn = lock(dir)?;
    let known = read(dir)?;
    let mut all = known.clone();
    all.add(ours);
    write(dir, &all)?;
    Ok(known)
}

/// Takes back what was added, for what was known before.
pub(crate) fn write(dir: &PoolDir, code: &PoolCode) -> Result<()> {
    let path = dir.pool.path().join(files::CODE);
    replace(&path, &(json::to_string(code) + "\n"))
}

fn lock(dir: &PoolDir) -> Result<Locked> {
    let file = dir.pool.file(files::CODE_LOCK);
    let lock = file.and_then(|file| Locked::lock(file, Access::Exclusive));
    lock.map_err(|error| unusable(&dir.pool.path().join(files::CODE_LOCK), error))
}

/// Forgets it: of a pool that nobody uses.
#[cfg(feature = "tools")]
pub(crate) fn forget(dir: &PoolDir) -> Result<()> {
    let path = dir.pool.path().join(files::CODE);
    match nm_os::remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&path, error)),
        _ => Ok(()),
    }
}
