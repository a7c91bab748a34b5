//! A number of this process that no other process has: the lowest whose file nobody keeps
//! locked. It names what belongs to one process, and decides nothing: two processes with
//! one number would merely wait for each other.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nm_os::Dir;

use crate::base::error::Result;
use crate::local::dir::{self, unusable};
use crate::local::lock::Locked;
use crate::terms::access::Access;

/// Beside the pools of a state directory.
const PROCESSES: &str = "processes";

/// The number of this process in this state directory, until the process ends. A forked
/// child that does not execute another program has its parent's.
pub(crate) fn number(state_dir: &Path) -> Result<usize> {
    static OWN: Mutex<Vec<(PathBuf, usize, Locked)>> = Mutex::new(Vec::new());
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, number, _)) = own.iter().find(|(of, ..)| of == state_dir) {
        return Ok(*number);
    }
    dir::prepare(state_dir)?;
    let (number, lock) = lock_next(&state_dir.join(PROCESSES))?;
    own.push((state_dir.to_owned(), number, lock));
    Ok(number)
}

fn lock_next(path: &Path) -> Result<(usize, Locked)> {
    let processes = Dir::create(path).map_err(|error| unusable(path, error))?;
    dir::check_owner(path)?;
    let mut number = 0;
    loop {
        let file = format!("{number}.lock");
        let failed = |error| unusable(&path.join(&file), error);
        let opened = processes.file(&file).map_err(failed)?;
        match Locked::try_lock(opened, Access::Exclusive).map_err(failed)? {
            Ok(lock) => return Ok((number, lock)),
            Err(_) => number += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_lowest_number_that_no_other_has() {
        let dir = tempfile::tempdir().unwrap();
        let (first, lock) = lock_next(dir.path()).unwrap();
        let (second, _kept) = lock_next(dir.path()).unwrap();
        assert_eq!((first, second), (0, 1));
        drop(lock);
        let (again, _kept_too) = lock_next(dir.path()).unwrap();
        assert_eq!(again, 0);
        assert_eq!(lock_next(dir.path()).unwrap().0, 2);
    }

    #[test]
    fn a_process_keeps_its_number() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(number(dir.path()).unwrap(), 0);
        assert_eq!(number(dir.path()).unwrap(), 0);
        assert_eq!(lock_next(&dir.path().join(PROCESSES)).unwrap().0, 1);
    }
}
