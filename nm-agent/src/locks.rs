//! The files by which processes prove that they live: one for each token, locked as long as
//! anything is held or awaited with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nm_register::{After, Token};
use rustix::fs::{FlockOperation, flock};

use crate::wire::{Lock, Released};

/// What an earlier agent of this machine has left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    /// Tokens of processes that live, or may be about to.
    pub(crate) held: Vec<Token>,
    /// Those of processes that are gone.
    pub(crate) gone: Vec<Token>,
    /// What both have given back.
    pub(crate) released: BTreeMap<(Token, String), After>,
}

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

    /// What its process has given back, whether an agent has heard of it or not.
    pub(crate) fn released(&self, token: Token) -> Vec<Released> {
        let text = fs::read(self.file(token)).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        // One that is not whole was not said to anybody.
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    /// Whether its process has given back anything.
    pub(crate) fn has_release(&self, token: Token) -> bool {
        let found = fs::metadata(self.file(token));
        found.is_ok_and(|found| found.len() > 0)
    }

    /// The process is gone, or has nothing left.
    pub(crate) fn remove(&self, token: Token) {
        // What stays is removed at the next start.
        let _ = fs::remove_file(self.file(token));
    }

    /// What an earlier agent has left. Files of processes that are gone are removed, unless they
    /// say what is to be done.
    pub(crate) fn sweep(&self) -> io::Result<Left> {
        let mut left = Left::default();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(token) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let Ok(file) = File::open(entry.path()) else {
                continue;
            };
            let released = self.released(token);
            // A new one is not even tried: it may be about to be locked by its process.
            if is_new(&file) || !can_be_locked(&file) {
                left.held.push(token);
            } else {
                if released.is_empty() {
                    self.remove(token);
                }
                left.gone.push(token);
            }
            let released = released.into_iter();
            left.released
                .extend(released.map(|it| ((token, it.name), it.after)));
        }
        Ok(left)
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
