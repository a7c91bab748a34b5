//! The known word that was meant by an unknown one.

/// The known word that was probably meant; `None` if none is near.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let known = known.iter().copied();
    known
        .filter_map(|word| {
            let most = 1 + word.len() / 3;
            let is_part = found.len() > 2 && word.contains(found);
            // `found` may be as long as a file. A letter has up to four bytes.
            let may_be_near = found.len() / 4 <= word.len() + most;
            if !is_part && !may_be_near {
                return None;
            }
            let steps = distance(found, word);
            (is_part || steps <= most).then_some((steps, word))
        })
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be inserted, deleted, replaced or swapped with the next to turn
/// one word into the other (the optimal string alignment distance).
pub fn distance(a: &str, b: &str) -> usize {
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

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

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

    #[test]
    fn a_word_is_meant_by_what_is_like_it_or_a_part_of_it() {
        let known = ["max", "names", "env", "wait_timeout"];
        for (found, meant) in [
            ("mx", Some("max")),
            ("nmaes", Some("names")),
            ("timeout", Some("wait_timeout")),
            ("wait_timout", Some("wait_timeout")),
            ("size", None),
            ("maks", Some("max")),
            ("", None),
        ] {
            assert_eq!(nearest(found, &known), meant, "{found}");
        }
        assert_eq!(nearest(&"max".repeat(1 << 20), &known), None);
    }
}
