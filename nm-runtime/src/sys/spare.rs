use std::fs::File;
use std::sync::{Mutex, PoisonError};

/// Files of one directory, open and unlocked, to be used again: opening and
/// closing is most of what an uncontended lease would cost.
///
/// A spare file may have been removed from the directory meanwhile. Whoever
/// takes one looks, as it must for a file it has just opened.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// A forked child has the same open files, and a lock on one of them would
    /// be its parent's too: what another process kept is not used.
    pid: u32,
    files: Vec<(String, File)>,
}

const MOST: usize = 16;

impl Spares {
    pub(crate) fn take(&self, name: &str) -> Option<File> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.pid != std::process::id() {
            kept.files.clear();
            return None;
        }
        let at = kept.files.iter().position(|(known, _)| known == name)?;
        Some(kept.files.swap_remove(at).1)
    }

    pub(crate) fn keep(&self, name: &str, file: File) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = std::process::id();
        if kept.pid != pid {
            kept.files.clear();
            kept.pid = pid;
        }
        if kept.files.len() < MOST {
            kept.files.push((name.to_owned(), file));
        }
    }
}
