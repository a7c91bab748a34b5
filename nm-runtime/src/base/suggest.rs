//! The nearest known word, for errors about unknown ones.

pub(crate) use nm_words::nearest::{distance, nearest as nearest_word};

/// ` (did you mean `max`?)`; empty if no known word is near.
pub(crate) fn nearest(found: &str, known: &[&str]) -> String {
    match nearest_word(found, known) {
        Some(word) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}
