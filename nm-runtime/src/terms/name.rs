use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::base::text::shown;

/// The longest name, in bytes: with its endings it fits every file system.
const LONGEST: usize = 128;
const LONGEST_POOL: usize = 64;

/// One resource of a pool, `db-0`. Dereferences to the name as a `str`.
///
/// ```
/// # fn main() -> Result<(), name_manager::Error> {
/// let lease = name_manager::Pool::open("name-doc")?.acquire()?;
/// assert_eq!(lease.name(), "name-doc-0");
/// assert_eq!((lease.index(), lease.pool()), (0, "name-doc"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pool: Arc<str>,
    name: Arc<str>,
    index: usize,
    env: Arc<[(String, String)]>,
    args: Arc<[String]>,
}

impl Name {
    pub(crate) fn new(
        pool: &Arc<str>,
        name: &str,
        index: usize,
        env: &Arc<[(String, String)]>,
    ) -> Self {
        Self {
            pool: pool.clone(),
            name: name.into(),
            index,
            env: env.clone(),
            args: Arc::default(),
        }
    }

    /// With what the pool's allocator says beyond the name.
    pub(crate) fn assigned(mut self, env: Vec<(String, String)>, args: Vec<String>) -> Self {
        let known = self
            .env
            .iter()
            .filter(|(key, _)| !env.iter().any(|(own, _)| own == key));
        self.env = known.chain(&env).cloned().collect();
        self.args = args.into();
        self
    }

    /// The name itself, `db-0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its place in the pool, counted from 0. In a pool with an
    /// [`Allocator`](crate::Allocator): how many were out when it was granted.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The pool that it belongs to, `db`.
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// The pool's configured variable of that key, with `{name}`, `{index}` and
    /// `{pool}` replaced; nothing when the configuration has no such key.
    pub fn env(&self, key: &str) -> Option<String> {
        let (_, value) = self.env.iter().find(|(known, _)| known == key)?;
        Some(self.fill(value))
    }

    /// Every configured variable, in the order of their keys.
    pub fn envs(&self) -> impl Iterator<Item = (&str, String)> {
        self.env
            .iter()
            .map(|(key, value)| (key.as_str(), self.fill(value)))
    }

    /// The arguments that the pool's [`Allocator`](crate::Allocator) gave; others
    /// give none.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The text with `{name}`, `{index}` and `{pool}` replaced.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{name}", &self.name)
            .replace("{index}", &self.index.to_string())
            .replace("{pool}", &self.pool)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.name)
    }
}

/// Checks that a pool's name may become a directory, a variable and a parameter.
pub(crate) fn check_pool(name: &str) -> Result<()> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    let expected = "lower-case ASCII letters, digits, `-` and `_`, starting with a letter or digit";
    if name.chars().any(|c| c.is_ascii_uppercase())
        && !name.contains(|c: char| !fits(c.to_ascii_lowercase()))
    {
        return Err(Error::config(format!(
            "pool name \"{}\" has capital letters, which some file systems cannot tell apart: write \"{}\"",
            shown(name),
            shown(&name.to_ascii_lowercase())
        )));
    }
    check("pool name", name, LONGEST_POOL, fits, expected)
}

/// Checks that a resource's name may become a file.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let expected = "ASCII letters, digits, `-`, `_` and `.`, starting with a letter or digit";
    if name.contains("..") {
        return Err(Error::config(format!(
            "name `{}` contains `..`; expected {expected}",
            shown(name)
        )));
    }
    check("name", name, LONGEST, fits, expected)
}

fn check(
    what: &str,
    name: &str,
    longest: usize,
    fits: impl Fn(char) -> bool,
    expected: &str,
) -> Result<()> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let wrong = match name.chars().find(|&c| !fits(c)) {
        Some(c) => format!("contains {c:?}"),
        None if name.is_empty() => "is empty".to_owned(),
        None if !starts_well => "starts with a sign".to_owned(),
        None if name.len() > longest => format!("has {} bytes, {longest} at most", name.len()),
        None => return Ok(()),
    };
    Err(Error::config(format!(
        "{what} `{}` {wrong}; expected {expected}",
        shown(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_directory() {
        for bad in [
            "",
            "..",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "-a",
            ".a",
            "a..b",
            "ä",
            &"a".repeat(300),
        ] {
            let error = check_name(bad).unwrap_err().to_string();
            assert!(error.contains("expected"), "{bad:?}: {error}");
            assert!(!error.contains(['\0', '\n']), "{bad:?}: {error}");
        }
        for good in ["db-0", "db_A", "my.Project-1", "0", &"a".repeat(128)] {
            check_name(good).unwrap();
        }
    }

    #[test]
    fn a_capital_in_a_pool_is_answered_with_the_small_one() {
        let error = check_pool("Db-Main").unwrap_err().to_string();
        assert!(error.contains("write \"db-main\""), "{error}");
        assert!(
            check_pool(&"Db".repeat(1000))
                .unwrap_err()
                .to_string()
                .len()
                < 400
        );
        assert!(check_pool("db.main").is_err());
        check_pool("db-main_2").unwrap();
    }
}
