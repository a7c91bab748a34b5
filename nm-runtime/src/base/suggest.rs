//! The nearest known word, for errors about unknown ones.

/// The known word that was meant, as far as one can tell.
pub(crate) fn nearest_word<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = |word: &str| 1 + word.len() / 3;
    // What was found may be as long as a file. A letter has four bytes at most.
    let known = known.iter().copied();
    let alike = known.filter(|word| found.len() / 4 <= word.len() + most(word));
    let near = alike.map(|word| (distance(found, word), word)).min();
    near.filter(|(distance, word)| *distance <= most(word))
        .map(|(_, word)| word)
}

/// How many letters must be put in, left out, replaced or swapped with the next to make
/// one word of the other (the optimal string alignment distance).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut least = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                least[i][j] = i + j;
                continue;
            }
            let replaced = least[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            least[i][j] = replaced.min(least[i - 1][j] + 1).min(least[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least[i][j] = least[i][j].min(least[i - 2][j - 2] + 1);
            }
        }
    }
    least[a.len()][b.len()]
}

/// ` (did you mean `max`?)`, or nothing when no known word is near.
pub(crate) fn nearest(found: &str, known: &[&str]) -> String {
    match nearest_word(found, known) {
        Some(word) => format!(" (did you mean `{word}`?)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_more_less_other_or_swapped_is_one_step() {
        for (found, word, steps) in [
            ("max", "max", 0),
            ("maxx", "max", 1),
            ("mx", "max", 1),
            ("mix", "max", 1),
            ("mäx", "max", 1),
            ("nmaes", "names", 1),
            ("bear", "bare", 2),
            ("", "env", 3),
        ] {
            assert_eq!(distance(found, word), steps, "{found}");
            assert_eq!(distance(word, found), steps, "{found}");
        }
    }
}
