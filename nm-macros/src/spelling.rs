//! Which strings may name a pool or a resource: they become file names on
//! every system, and a pool's name also a parameter and an environment variable.

const POOL: Rule = Rule {
    what: "a pool's name",
    longest: 64,
    first: |c| c.is_ascii_lowercase() || c.is_ascii_digit(),
    starts: "a letter or a digit",
    rest: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'),
    allowed: "`a` to `z`, `0` to `9`, `_` and `-`",
};

const RESOURCE: Rule = Rule {
    what: "a name",
    longest: 128,
    first: |c| c.is_ascii_alphanumeric(),
    starts: "a letter or a digit",
    rest: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    allowed: "`A` to `Z`, `a` to `z`, `0` to `9`, `.`, `_` and `-`",
};

struct Rule {
    what: &'static str,
    longest: usize,
    first: fn(char) -> bool,
    starts: &'static str,
    rest: fn(char) -> bool,
    allowed: &'static str,
}

/// Says what is wrong with the name of a pool.
pub fn pool(text: &str) -> Result<(), String> {
    let lower = text.to_ascii_lowercase();
    if lower != text && POOL.check(&lower).is_ok() {
        return Err(format!("{} is written in lower case: `{lower}`", POOL.what));
    }
    POOL.check(text)
}

/// Says what is wrong with the name of a resource.
pub fn resource(text: &str) -> Result<(), String> {
    RESOURCE.check(text)?;
    if text.contains("..") {
        return Err(format!("{} cannot contain `..`", RESOURCE.what));
    }
    Ok(())
}

/// Says which options there are, the one nearest to `word` first.
pub fn unknown_option(word: &str, options: &[&str]) -> String {
    let nearest = options
        .iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, known)| {
            *distance <= known.len().div_ceil(3) || (word.len() > 2 && known.contains(word))
        })
        .min();
    let hint = nearest.map_or(String::new(), |(_, known)| {
        format!("did you mean `{known}`; ")
    });
    let known: Vec<_> = options.iter().map(|known| format!("`{known}`")).collect();
    format!(
        "unknown option `{word}`; {hint}expected one of {}",
        known.join(", ")
    )
}

/// How many letters must be put in, left out, replaced or swapped with the next to make
/// one word of the other (the optimal string alignment distance).
fn distance(a: &str, b: &str) -> usize {
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

impl Rule {
    fn check(&self, text: &str) -> Result<(), String> {
        let Some(first) = text.chars().next() else {
            return Err(format!("{} cannot be empty", self.what));
        };
        if text.len() > self.longest {
            return Err(format!(
                "{} has at most {} bytes, this one has {}",
                self.what,
                self.longest,
                text.len()
            ));
        }
        if let Some(wrong) = text.chars().find(|&c| !(self.rest)(c)) {
            return Err(format!(
                "{} cannot contain {}; it is made of {}",
                self.what,
                shown(wrong),
                self.allowed
            ));
        }
        if !(self.first)(first) {
            return Err(format!(
                "{} starts with {}, not with {}",
                self.what,
                self.starts,
                shown(first)
            ));
        }
        Ok(())
    }
}

/// A character as a reader can tell it from others.
fn shown(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c if c.is_alphanumeric() => format!("`{c}` (U+{:04X})", c as u32),
        c => format!("U+{:04X}", c as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::{distance, pool, resource};

    #[test]
    fn accepted_pool_names() {
        for name in ["db", "0", "smtp-server", "a_b-c9", &"x".repeat(64)] {
            assert_eq!(pool(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn accepted_resource_names() {
        for name in ["db_a", "DB-0", "eu.west.1", "7", &"x".repeat(128)] {
            assert_eq!(resource(name), Ok(()), "{name}");
        }
    }

    #[track_caller]
    fn refused(result: Result<(), String>, message: &str) {
        assert_eq!(result, Err(message.to_owned()));
    }

    #[test]
    fn refused_pool_names() {
        refused(pool(""), "a pool's name cannot be empty");
        refused(pool("Db"), "a pool's name is written in lower case: `db`");
        refused(
            pool("-db"),
            "a pool's name starts with a letter or a digit, not with `-`",
        );
        refused(
            pool(&"x".repeat(300)),
            "a pool's name has at most 64 bytes, this one has 300",
        );
        let made_of = "it is made of `a` to `z`, `0` to `9`, `_` and `-`";
        for (name, found) in [
            ("a/b", "`/`"),
            ("a\\b", "`\\`"),
            ("..", "`.`"),
            ("a b", "a space"),
            ("a\u{7}", "U+0007"),
            ("a\0", "U+0000"),
            ("A/B", "`A`"),
            ("d\u{e9}", "`\u{e9}` (U+00E9)"),
            ("a\u{202e}", "U+202E"),
        ] {
            refused(
                pool(name),
                &format!("a pool's name cannot contain {found}; {made_of}"),
            );
        }
    }

    #[test]
    fn refused_resource_names() {
        refused(resource(""), "a name cannot be empty");
        refused(resource("a..b"), "a name cannot contain `..`");
        refused(
            resource("../b"),
            "a name cannot contain `/`; it is made of `A` to `Z`, `a` to `z`, `0` to `9`, `.`, `_` and `-`",
        );
        refused(
            resource(".git"),
            "a name starts with a letter or a digit, not with `.`",
        );
        refused(
            resource(&"x".repeat(129)),
            "a name has at most 128 bytes, this one has 129",
        );
    }

    #[test]
    fn a_letter_more_less_other_or_swapped_is_one_step() {
        for (found, word, steps) in [
            ("max", "max", 0),
            ("maxx", "max", 1),
            ("mx", "max", 1),
            ("mix", "max", 1),
            ("mäx", "max", 1),
            ("nmaes", "names", 1),
        ] {
            assert_eq!(distance(found, word), steps, "{found}");
        }
    }
}
