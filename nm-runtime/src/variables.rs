//! The environment variables, read once and checked as a whole.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::error::{Error, Result};
use crate::name;
use crate::suggest::nearest;

const PREFIX: &str = "NAME_MANAGER_";
const POOL: &str = "POOL_";
const GLOBAL: [&str; 4] = ["DIR", "RUN_ID", "SCOPE", "WAIT_TIMEOUT"];
const OF_POOL: [&str; 6] = ["DIR", "MAX", "NAMES", "SCOPE", "TEMPLATE", "WAIT_TIMEOUT"];

/// What the `NAME_MANAGER_*` variables say.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) scope: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) wait_timeout: Option<Duration>,
    /// `NAME_MANAGER_POOL_{POOL}_{KEY}`, by what follows the prefix.
    pools: BTreeMap<String, String>,
}

/// The variables of this process, as they were when first asked for.
pub(crate) fn get() -> Result<&'static Variables> {
    static VARIABLES: OnceCell<Variables> = OnceCell::new();
    VARIABLES.get_or_try_init(|| {
        Variables::read(env::vars_os().filter_map(|(key, value)| {
            let key = key.into_string().ok()?;
            let rest = key.strip_prefix(PREFIX)?;
            Some((rest.to_owned(), value))
        }))
    })
}

impl Variables {
    fn read(found: impl Iterator<Item = (String, std::ffi::OsString)>) -> Result<Self> {
        let mut variables = Self::default();
        for (key, value) in found {
            let text = || match value.to_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(Error::config(format!(
                    "variable {PREFIX}{key} is {value:?}, which is not UTF-8"
                ))),
            };
            match key.as_str() {
                "DIR" => variables.dir = Some(PathBuf::from(&value)),
                "SCOPE" => variables.scope = Some(text()?),
                "RUN_ID" => {
                    let id = text()?;
                    name::check_name(&id).map_err(|error| of(&key, error))?;
                    variables.run_id = Some(id);
                }
                "WAIT_TIMEOUT" => variables.wait_timeout = Some(duration(&key, &text()?)?),
                _ => match key.strip_prefix(POOL) {
                    Some(rest) if pool_key(rest).is_some() => {
                        variables.pools.insert(rest.to_owned(), text()?);
                    }
                    Some(rest) => {
                        let ending = rest.rsplit_once('_').map_or(rest, |(_, ending)| ending);
                        return Err(unknown(&key, ending, &OF_POOL));
                    }
                    None => return Err(unknown(&key, &key, &GLOBAL)),
                },
            }
        }
        Ok(variables)
    }

    fn of_pool(&self, pool: &str, key: &str) -> Option<(String, &str)> {
        let pool = pool.to_ascii_uppercase().replace('-', "_");
        let variable = format!("{pool}_{key}");
        let value = self.pools.get(&variable)?;
        Some((format!("{POOL}{variable}"), value))
    }

    /// `max` of a pool.
    pub(crate) fn max(&self, pool: &str) -> Result<Option<u32>> {
        let Some((key, value)) = self.of_pool(pool, "MAX") else {
            return Ok(None);
        };
        match value.parse() {
            Ok(max) if max > 0 => Ok(Some(max)),
            _ => Err(wrong(&key, value, "a whole number of at least 1")),
        }
    }

    /// `names` of a pool: separated by commas.
    pub(crate) fn names(&self, pool: &str) -> Result<Option<Vec<String>>> {
        let Some((key, value)) = self.of_pool(pool, "NAMES") else {
            return Ok(None);
        };
        let names: Vec<String> = value
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        for name in &names {
            name::check_name(name).map_err(|error| of(&key, error))?;
        }
        Ok(Some(names))
    }

    /// `template` of a pool.
    pub(crate) fn template(&self, pool: &str) -> Option<(String, &str)> {
        let (key, value) = self.of_pool(pool, "TEMPLATE")?;
        Some((format!("variable {PREFIX}{key}"), value))
    }

    /// `scope` of a pool, or of all.
    pub(crate) fn scope(&self, pool: &str) -> Option<(String, &str)> {
        let own = self.of_pool(pool, "SCOPE");
        let all = || Some(("SCOPE".to_owned(), self.scope.as_deref()?));
        let (key, value) = own.or_else(all)?;
        Some((format!("variable {PREFIX}{key}"), value))
    }

    /// `dir` of a pool, or of all.
    pub(crate) fn dir(&self, pool: &str) -> Option<PathBuf> {
        let own = self.of_pool(pool, "DIR").map(|(_, dir)| PathBuf::from(dir));
        own.or_else(|| self.dir.clone())
    }

    /// `wait_timeout` of a pool, or of all.
    pub(crate) fn wait_timeout(&self, pool: &str) -> Result<Option<Duration>> {
        match self.of_pool(pool, "WAIT_TIMEOUT") {
            Some((key, value)) => duration(&key, value).map(Some),
            None => Ok(self.wait_timeout),
        }
    }
}

/// The key at the end of `{POOL}_{KEY}`.
fn pool_key(rest: &str) -> Option<&'static str> {
    let ends = |key: &&str| {
        rest.strip_suffix(*key)
            .is_some_and(|pool| pool.len() > 1 && pool.ends_with('_'))
    };
    OF_POOL.iter().copied().find(ends)
}

fn duration(key: &str, value: &str) -> Result<Duration> {
    humantime::parse_duration(value)
        .map_err(|error| wrong(key, value, "a duration like `90s` or `3m`").because(error))
}

fn wrong(key: &str, value: &str, expected: &str) -> Error {
    Error::config(format!(
        "variable {PREFIX}{key} is {value:?}; expected {expected}"
    ))
}

fn of(key: &str, error: Error) -> Error {
    Error::config(format!("variable {PREFIX}{key} is not valid")).because(error)
}

fn unknown(key: &str, ending: &str, known: &[&'static str]) -> Error {
    let all = match known == OF_POOL {
        true => "NAME_MANAGER_POOL_{POOL}_ followed by",
        false => "NAME_MANAGER_POOL_{POOL}_{KEY}, or NAME_MANAGER_ followed by",
    };
    Error::config(format!(
        "unknown variable {PREFIX}{key}{}; expected {all} {}",
        nearest(ending, known),
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Variables> {
        let pair = |(key, value): &(&str, &str)| (key.to_string(), value.into());
        Variables::read(pairs.iter().map(pair))
    }

    #[test]
    fn a_pool_with_a_dash_is_found() {
        let variables = read(&[("POOL_DB_MAIN_MAX", "3"), ("POOL_DB_MAIN_NAMES", "a, b")]).unwrap();
        assert_eq!(variables.max("db-main").unwrap(), Some(3));
        assert_eq!(
            variables.names("db-main").unwrap(),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(variables.max("db").unwrap(), None);
    }

    #[test]
    fn wrong_variables_say_what_to_write() {
        let error = read(&[("WAIT_TIMOUT", "3m")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `WAIT_TIMEOUT`?"), "{error}");
        let error = read(&[("POOL_DB_MX", "3")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `MAX`?"), "{error}");
        let error = read(&[("POOL_DB_MAX", "0")])
            .unwrap()
            .max("db")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "variable NAME_MANAGER_POOL_DB_MAX is \"0\"; expected a whole number of at least 1"
        );
        let error = read(&[("WAIT_TIMEOUT", "long")]).unwrap_err().to_string();
        assert!(error.contains("expected a duration like `90s`"), "{error}");
    }
}
