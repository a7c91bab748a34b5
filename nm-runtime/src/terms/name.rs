//! A name that is lent, and checks of names.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::base::suggest;
use crate::base::text::shown;

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

    /// Adds what the pool's allocator says beyond the name.
    pub(crate) fn assigned(mut self, env: Vec<(String, String)>, args: Vec<String>) -> Self {
        let mut all = self.env.to_vec();
        all.retain(|(key, _)| !env.iter().any(|(own, _)| own == key));
        all.extend(env);
        self.env = all.into();
        self.args = args.into();
        self
    }

    /// The name itself, `db-0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its index in the pool, from 0. In a pool with an
    /// [`Allocator`](crate::Allocator): how many names were lent when it was granted.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The pool that it belongs to, `db`.
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// The pool's configured variable with this key, with `{name}`, `{index}`,
    /// `{pool}` and `{root}`, the directory of the file that configures it, replaced; `None` if
    /// the configuration has no such key.
    ///
    /// It is not a variable of this process, unless
    /// [`Request::set_env`](crate::Request::set_env) or the attribute's `set_env` makes it
    /// one. Best pass it to the code under test as a value, which works under any runner;
    /// or to a program that the test starts: `command.envs(lease.envs())`.
    pub fn env(&self, key: &str) -> Option<String> {
        let (_, value) = self.env.iter().find(|(known, _)| known == key)?;
        Some(self.fill(value))
    }

    /// Every configured variable, sorted by key.
    pub fn envs(&self) -> impl Iterator<Item = (&str, String)> {
        self.env
            .iter()
            .map(|(key, value)| (key.as_str(), self.fill(value)))
    }

    /// The arguments that the pool's [`Allocator`](crate::Allocator) gave; empty in
    /// other pools.
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

/// What [`Name::fill`] replaces.
const PLACEHOLDERS: [&str; 3] = ["name", "index", "pool"];

/// A word in braces that is nearly a placeholder, and the one that is meant:
/// `{nme}` and `{name}`. `{db.nme}` counts as well; other braces may mean anything.
pub fn misspelt_placeholder(text: &str) -> Option<(&str, String)> {
    let words = text.split('{').skip(1).filter_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        Some(word)
    });
    words
        .filter_map(|word| {
            let (pool, key) = match word.rsplit_once('.') {
                Some((pool, key)) => (format!("{pool}."), key),
                None => (String::new(), word),
            };
            let is_word = key.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            let meant = match is_word && !PLACEHOLDERS.contains(&key) {
                true => suggest::nearest_word(key, &PLACEHOLDERS)?,
                false => return None,
            };
            Some((word, format!("{pool}{meant}")))
        })
        .next()
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
///
/// # Errors
///
/// What is wrong with it, and what to write.
pub fn check_pool(name: &str) -> Result<()> {
    nm_words::name::check_pool(name).map_err(|wrong| refused("pool name", name, &wrong))
}

/// Checks that a resource's name may become a file.
pub(crate) fn check_name(name: &str) -> Result<()> {
    nm_words::name::check(name).map_err(|wrong| refused("name", name, &wrong))
}

fn refused(what: &str, name: &str, wrong: &str) -> Error {
    Error::config(format!("{what} `{}` {wrong}", shown(name)))
}

#[cfg(test)]
mod tests {
    use super::{check_name, check_pool};

    #[test]
    fn a_refused_name_is_shown_on_one_short_line() {
        let error = check_pool("Db-Main").unwrap_err().to_string();
        assert_eq!(
            error,
            "pool name `Db-Main` has capital letters, but some file systems ignore case; write `db-main`"
        );
        let error = check_name("a\nb\0").unwrap_err().to_string();
        assert!(
            error.starts_with("name `a\\nb\\0` contains U+000A; expected"),
            "{error}"
        );
        let error = check_pool(&"Db".repeat(1000)).unwrap_err().to_string();
        assert!(error.len() < 400, "{error}");
    }
}
