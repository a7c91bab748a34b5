use std::sync::{Mutex, PoisonError};

use crate::budget::SPARES;
use crate::open_file::OpenFile;

/// Files of one directory, open and unlocked, to be used again: opening and
/// closing is most of what an uncontended lease would cost.
///
/// A spare file may have been removed from the directory meanwhile. Code that takes
/// one must check, as for a file that it has just opened.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<(String, OpenFile)>>);

const MOST: usize = 16;

impl Spares {
    pub(crate) fn take(&self, name: &str) -> Option<OpenFile> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = files.iter().position(|(known, _)| known == name)?;
        SPARES.give_back(1);
        Some(files.swap_remove(at).1)
    }

    pub(crate) fn keep(&self, name: &str, file: OpenFile) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() < MOST && SPARES.take() {
            files.push((name.to_owned(), file));
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        let files = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        SPARES.give_back(files.len());
    }
}
