//! The files by which processes prove that they live: one for each token, locked as long as
//! anything is held or awaited with it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nm_register::Token;
use rustix::fs::{FlockOperation, flock};

use crate::wire::Lock;

/// The folder of these files.
pub(crate) struct Locks {
    dir: PathBuf,
}

impl Locks {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.join("locks"),
        }
    }

    fn file(&self, token: Token) -> PathBuf {
        self.dir.join(token.to_string())
    }

    /// Whether the process that says so shares this folder: another one of the same name, in a
    /// container, would always be found free.
    pub(crate) fn is_shared(&self, token: Token, lock: Lock) -> bool {
        let found = fs::metadata(self.file(token));
        found.is_ok_and(|found| (found.dev(), found.ino()) == (lock.device, lock.inode))
    }

    /// Whether the process that had this token is gone. A file that cannot be opened for
    /// another reason than that it is not there proves nothing.
    pub(crate) fn is_free(&self, token: Token) -> bool {
        match File::open(self.file(token)) {
            Ok(file) => can_be_locked(&file),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// The process is gone, or has nothing left.
    pub(crate) fn remove(&self, token: Token) {
        // What stays is removed at the next start.
        let _ = fs::remove_file(self.file(token));
    }

    /// The tokens whose processes live, and those whose processes are gone: their files are
    /// removed.
    pub(crate) fn sweep(&self) -> io::Result<(Vec<Token>, Vec<Token>)> {
        let (mut held, mut gone) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(token) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let Ok(file) = File::open(entry.path()) else {
                continue;
            };
            // A new one is not even tried: it may be about to be locked by its process.
            if is_new(&file) || !can_be_locked(&file) {
                held.push(token);
            } else {
                self.remove(token);
                gone.push(token);
            }
        }
        Ok((held, gone))
    }
}

/// Whether nobody has it locked.
fn can_be_locked(file: &File) -> bool {
    // Shared, so that two who look at once do not take each other for the owner.
    flock(file, FlockOperation::NonBlockingLockShared).is_ok()
}

/// Whether it may have been made a moment ago.
fn is_new(file: &File) -> bool {
    let made = file.metadata().and_then(|found| found.modified());
    let age = made.ok().and_then(|made| made.elapsed().ok());
    age.is_none_or(|age| age < Duration::from_secs(60))
}
