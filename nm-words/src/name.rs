//! Which names are valid for a pool, and within one. Both become file names on every
//! system, and a pool's name also a parameter and a part of environment variables.

/// The longest name, in bytes: with the suffixes of its files it fits every file system.
const LONGEST: usize = 128;
const LONGEST_POOL: usize = 64;

/// Checks the name of a pool.
///
/// # Errors
///
/// What is wrong, as the predicate of a sentence: `is empty; expected ..`.
pub fn check_pool(name: &str) -> Result<(), String> {
    let check = |name: &str| {
        let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
        let expected =
            "lower-case ASCII letters, digits, `-` and `_`, starting with a letter or digit";
        check_text(name, LONGEST_POOL, fits, expected)
    };
    let checked = check(name);
    if checked.is_err() {
        let lower = name.to_ascii_lowercase();
        if check(&lower).is_ok() {
            return Err(format!(
                "has capital letters, but some file systems ignore case; write `{lower}`"
            ));
        }
    }
    checked
}

/// Checks a name within a pool.
///
/// # Errors
///
/// As [`check_pool`].
pub fn check(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let expected = "ASCII letters, digits, `-`, `_` and `.`, starting with a letter or digit";
    check_text(name, LONGEST, fits, expected)?;
    match name.contains("..") {
        true => Err("contains `..`; expected no two dots in a row".to_owned()),
        false => Ok(()),
    }
}

fn check_text(
    name: &str,
    longest: usize,
    fits: impl Fn(char) -> bool,
    expected: &str,
) -> Result<(), String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let wrong = match name.chars().find(|&c| !fits(c)) {
        Some(c) => format!("contains {}", visible(c)),
        None if name.is_empty() => "is empty".to_owned(),
        None if !starts_well => format!("starts with `{}`", &name[..1]),
        None if name.len() > longest => {
            return Err(format!(
                "has {} bytes; at most {longest} are allowed",
                name.len()
            ));
        }
        None => return Ok(()),
    };
    Err(format!("{wrong}; expected {expected}"))
}

/// A character such that a reader can tell it from others.
fn visible(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c if c.is_alphanumeric() => format!("`{c}` (U+{:04X})", c as u32),
        c => format!("U+{:04X}", c as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, check_pool};

    #[test]
    fn accepted_pool_names() {
        for name in ["db", "0", "smtp-server", "a_b-c9", &"x".repeat(64)] {
            assert_eq!(check_pool(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn accepted_names() {
        for name in ["db_a", "DB-0", "eu.west.1", "7", &"x".repeat(128)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[track_caller]
    fn refused(result: Result<(), String>, message: &str) {
        assert_eq!(result, Err(message.to_owned()));
    }

    #[test]
    fn refused_pool_names() {
        let expected = "; expected lower-case ASCII letters, digits, `-` and `_`, starting with a letter or digit";
        for (name, wrong) in [
            ("", "is empty"),
            ("-db", "starts with `-`"),
            (&"X".repeat(65), "contains `X`"),
            ("a/b", "contains `/`"),
            ("a\\b", "contains `\\`"),
            ("..", "contains `.`"),
            ("a b", "contains a space"),
            ("a\u{7}", "contains U+0007"),
            ("a\0", "contains U+0000"),
            ("A/B", "contains `A`"),
            ("-A", "contains `A`"),
            ("d\u{e9}", "contains `\u{e9}` (U+00E9)"),
            ("a\u{202e}", "contains U+202E"),
        ] {
            refused(check_pool(name), &format!("{wrong}{expected}"));
        }
        refused(
            check_pool(&"x".repeat(300)),
            "has 300 bytes; at most 64 are allowed",
        );
    }

    #[test]
    fn a_pool_name_with_capitals_is_answered_with_the_valid_one() {
        refused(
            check_pool("Db-Main"),
            "has capital letters, but some file systems ignore case; write `db-main`",
        );
    }

    #[test]
    fn a_name_cannot_leave_its_directory() {
        let expected =
            "; expected ASCII letters, digits, `-`, `_` and `.`, starting with a letter or digit";
        for (name, wrong) in [
            ("", "is empty"),
            ("..", "starts with `.`"),
            (".git", "starts with `.`"),
            ("../b", "contains `/`"),
            ("a\nb", "contains U+000A"),
        ] {
            refused(check(name), &format!("{wrong}{expected}"));
        }
        refused(
            check(&"x".repeat(129)),
            "has 129 bytes; at most 128 are allowed",
        );
        refused(
            check("a..b"),
            "contains `..`; expected no two dots in a row",
        );
    }
}
