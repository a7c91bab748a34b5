//! A pool's size as attributes say it, across all test binaries of one run.
//!
//! If neither the environment nor `Cargo.toml` says how large a pool is, the first
//! binary whose attributes do records it for the run. A binary that says something else
//! is told so; one that says nothing adopts it.

use std::io;
use std::path::Path;

use crate::base::error::Result;
use crate::base::json;
use crate::local::dir::{PoolDir, replace, unusable};
use crate::local::files;
use crate::local::lock::Locked;
use crate::terms::access::Access;
use crate::terms::declaration::Declaration;

/// At least this many concurrent runs are told apart.
const RUNS: usize = 16;
/// A file of this many lines is long: the oldest are dropped.
const LONG: usize = 2 * RUNS;

/// What the first binary of this run said. If there was none, `ours` becomes it, and
/// the answer is `None`.
pub(crate) fn declare(
    dir: &PoolDir,
    run: &str,
    ours: Option<&Declaration>,
) -> Result<Option<Declaration>> {
    let path = dir.pool.path().join(files::SIZES);
    let configured = ours.is_some_and(Declaration::is_configured);
    match (Declaration::find(&read(&path)?, run, configured), ours) {
        (None, Some(ours)) => add(dir, &path, ours),
        (theirs, _) => Ok(theirs),
    }
}

/// What runs declared, the oldest first.
pub(crate) fn all(pool_dir: &Path) -> Result<Vec<Declaration>> {
    let text = read(&pool_dir.join(files::SIZES))?;
    Ok(Declaration::all(&text).collect())
}

/// Records what this binary says, unless another of the run was first.
fn add(dir: &PoolDir, path: &Path, ours: &Declaration) -> Result<Option<Declaration>> {
    let lock = dir.pool.path().join(files::SIZES_LOCK);
    let turn = dir.pool.file(files::SIZES_LOCK);
    let turn = turn.and_then(|file| Locked::lock(file, Access::Exclusive));
    let _turn = turn.map_err(|error| unusable(&lock, error))?;
    let text = read(path)?;
    if let Some(theirs) = Declaration::find(&text, &ours.run, ours.is_configured()) {
        return Ok(Some(theirs));
    }
    let ours = json::to_string(ours) + "\n";
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    if lines.len() < LONG && lines.last().is_none_or(|last| last.ends_with('\n')) {
        // Meanwhile half a line is foreign to readers, as if it were not there yet.
        // Replacing the file each time would take 100 µs on ext4, this takes 2.
        let appended = dir.pool.append(files::SIZES);
        let appended = appended.and_then(|file| file.append(ours.as_bytes()));
        appended.map_err(|error| unusable(path, error))?;
    } else {
        let kept = lines[lines.len().saturating_sub(RUNS - 1)..].concat();
        let ended = if kept.ends_with('\n') { "" } else { "\n" };
        replace(path, &format!("{kept}{ended}{ours}"))?;
    }
    Ok(None)
}

fn read(path: &Path) -> Result<String> {
    match nm_os::read_regular(path) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(unusable(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::names::Names;

    #[test]
    fn the_latest_runs_are_known_and_the_file_stays_short() {
        let dir = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(dir.path(), "db").unwrap();
        let path = dir.pool.path().join(files::SIZES);
        let names = Names::Listed(vec!["a".to_owned()]);
        let declare = |run: &str| {
            let ours = Declaration::of(run, "a.rs:3", &names);
            declare(&dir, run, Some(&ours)).unwrap()
        };
        for run in 0..3 * LONG {
            assert!(declare(&run.to_string()).is_none());
            let text = read(&path).unwrap();
            assert!(text.lines().count() <= LONG);
            for known in run.saturating_sub(RUNS - 1)..=run {
                assert!(Declaration::find(&text, &known.to_string(), false).is_some());
            }
        }
        assert!(declare(&(3 * LONG - 1).to_string()).is_some());
    }

    #[test]
    fn half_a_line_does_not_spoil_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(dir.path(), "db").unwrap();
        let path = dir.pool.path().join(files::SIZES);
        let names = Names::Listed(vec!["a".to_owned()]);
        for run in ["one", "two"] {
            let ours = Declaration::of(run, "a.rs:3", &names);
            declare(&dir, run, Some(&ours)).unwrap();
            let torn = read(&path).unwrap() + "{\"v\":1,\"ru";
            std::fs::write(&path, torn).unwrap();
        }
        let text = read(&path).unwrap();
        assert!(Declaration::find(&text, "one", false).is_some());
        assert!(Declaration::find(&text, "two", false).is_some());
    }
}
