//! The nearest known word, for errors about unknown ones.

/// The known word that was meant, as far as one can tell.
pub(crate) fn nearest_word<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known
        .iter()
        .map(|word| (differing(found, word), *word))
        .min();
    near.filter(|(distance, word)| *distance <= 1 + word.len() / 3)
        .map(|(_, word)| word)
}

/// What is left of the longer word without what both begin and end with: 1 for a
/// letter too many, too few or wrong, 2 for two letters swapped.
pub(crate) fn differing(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let ends = a.iter().rev().zip(b.iter().rev());
    a.len().max(b.len()) - ends.take_while(|(a, b)| a == b).count()
}

/// ` (did you mean `max`?)`, or nothing when no known word is near.
pub(crate) fn nearest(found: &str, known: &[&str]) -> String {
    match nearest_word(found, known) {
        Some(word) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}
