//! The nearest known word, for errors about unknown ones.

/// The known word that was meant, as far as one can tell.
pub(crate) fn nearest_word<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(found, word), *word))
        .min();
    near.filter(|(distance, word)| *distance <= 1 + word.len() / 3)
        .map(|(_, word)| word)
}

/// ` (did you mean `max`?)`, or nothing when no known word is near.
pub(crate) fn nearest(found: &str, known: &[&str]) -> String {
    match nearest_word(found, known) {
        Some(word) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}
