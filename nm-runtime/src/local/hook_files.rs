//! The files of hooks that are commands: a lock that keeps a name's hooks apart, even if the
//! process that has called one was killed, and the log of what they print.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use nm_os::Dir;

use crate::backend::hook_files::{HookFiles, HookLock};
use crate::backend::patience::Patience;
use crate::base::error::Result;
use crate::local::dir::unusable;
use crate::local::lock::Locked;
use crate::local::{blocked, files};
use crate::terms::access::Access;

/// A log that is longer gives way to a new one. One old one is kept.
const LONGEST: u64 = 8 << 20;

#[derive(Debug)]
struct Lock {
    locked: Locked,
    /// What the process that watches over a hook locks where it cannot have this lock.
    beside: PathBuf,
}

impl HookLock for Lock {
    fn pass_on(&self) -> io::Result<(File, PathBuf)> {
        Ok((self.locked.descriptor()?, self.beside.clone()))
    }
}

/// Opens and locks them, in the pool's directory. `None` if that was removed.
pub(crate) fn open(
    pool: &Dir,
    name: Option<&str>,
    patience: &mut dyn Patience,
) -> Result<Option<HookFiles>> {
    let name = name.unwrap_or(files::OF_POOL);
    // Not by its path: a checkout that was removed must not come back.
    let hooks = match pool.child(files::HOOKS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        hooks => hooks.map_err(|error| unusable(&pool.path().join(files::HOOKS), error))?,
    };
    let locked = blocked::lock(&hooks, &files::lock(name), Access::Exclusive, patience)?;
    let beside = files::watch(name);
    if !nm_os::LOCKS_ARE_PASSED_ON {
        // Until the hook has ended whose caller was killed.
        drop(blocked::lock(&hooks, &beside, Access::Exclusive, patience)?);
    }
    let file = files::log(name);
    let path = hooks.path().join(&file);
    let failed = |error| unusable(&path, error);
    let mut log = hooks.log(&file).map_err(failed)?;
    if log.metadata().map_err(failed)?.len() > LONGEST {
        nm_os::rename(&path, &path.with_extension("old.log")).map_err(failed)?;
        log = hooks.log(&file).map_err(failed)?;
    }
    Ok(Some(HookFiles {
        lock: Box::new(Lock {
            locked,
            beside: hooks.path().join(beside),
        }),
        log,
        log_path: path,
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backend::patience::Deadline;
    use crate::local::dir::PoolDir;

    #[test]
    fn hooks_of_a_name_are_kept_apart_and_a_long_log_gives_way() {
        let root = tempfile::tempdir().unwrap();
        let dir = PoolDir::open(root.path(), "db").unwrap();
        let open = |name| {
            open(
                &dir.pool,
                name,
                &mut Deadline::after(Duration::from_millis(10)),
            )
        };
        let first = open(Some("db-0")).unwrap().unwrap();
        assert!(open(Some("db-0")).unwrap_err().is_timeout());
        open(Some("db-1")).unwrap().unwrap();
        open(None).unwrap().unwrap();
        first.log.set_len(LONGEST + 1).unwrap();
        drop(first);
        let next = open(Some("db-0")).unwrap().unwrap();
        assert_eq!(next.log.metadata().unwrap().len(), 0);
        let old = next.log_path.with_extension("old.log");
        assert_eq!(old.metadata().unwrap().len(), LONGEST + 1);
        // Where a directory can be removed with open files in it.
        if cfg!(unix) {
            std::fs::remove_dir_all(root.path()).unwrap();
            assert!(open(Some("db-2")).unwrap().is_none());
        }
    }
}
