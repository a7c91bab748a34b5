use std::fs::File;
use std::sync::{Mutex, PoisonError};

/// Files of one directory, open and unlocked, to be used again: opening and
/// closing is most of what an uncontended lease would cost.
///
/// A spare file may have been removed from the directory meanwhile. Whoever
/// takes one looks, as it must for a file it has just opened.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<(String, File)>>);

const MOST: usize = 16;

impl Spares {
    pub(crate) fn take(&self, name: &str) -> Option<File> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = files.iter().position(|(known, _)| known == name)?;
        Some(files.swap_remove(at).1)
    }

    pub(crate) fn keep(&self, name: &str, file: File) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() < MOST {
            files.push((name.to_owned(), file));
        }
    }
}
