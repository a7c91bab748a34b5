//! The nearest known word, for errors about unknown ones.

/// ` (did you mean `max`?)`, or nothing when no known word is near.
pub(crate) fn nearest(found: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(found, word), word))
        .min()
        .filter(|(distance, word)| *distance <= 1 + word.len() / 3);
    match near {
        Some((_, word)) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}
