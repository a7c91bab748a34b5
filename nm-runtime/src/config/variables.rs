//! The environment variables, read once and checked as a whole.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::base::caller::{self, Caller};
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::base::suggest;
use crate::base::text::shown;
use crate::config::scope::Scope;
use crate::terms::hook_call::HookCall;
use crate::terms::name;
use crate::terms::names::check_template;

const PREFIX: &str = "NAME_MANAGER_";
const POOL: &str = "POOL_";
const GLOBAL: [&str; 6] = ["DIR", "KEEP", "RUN_ID", "SCOPE", "TOKEN", "WAIT_TIMEOUT"];
/// What a process is to do instead of its program, which has this library in it:
/// `list`, or a reaper's job.
pub(crate) const MODE: &str = "NAME_MANAGER_MODE";
/// Set by a `name-manager run` that begins a run: itself. It waits for the clean-up, so the end
/// of the run is that of its command.
#[cfg(feature = "tools")]
pub(crate) const RUNNER: &str = "NAME_MANAGER_RUNNER";
/// Set for what a hook starts that is a command: this hook, and those within which it was called.
pub(crate) const WITHIN: &str = "NAME_MANAGER_WITHIN";
/// Set by name-manager itself, for its own processes.
const OWN: [&str; 2] = ["MODE", "RUNNER"];
/// Set for hooks that are commands.
pub(crate) const OF_HOOK: [&str; 8] = [
    "NAME_MANAGER_HOOK",
    "NAME_MANAGER_INDEX",
    "NAME_MANAGER_LAST_HOW",
    "NAME_MANAGER_LAST_RUN",
    "NAME_MANAGER_LAST_TEST",
    "NAME_MANAGER_NAME",
    "NAME_MANAGER_POOL",
    "NAME_MANAGER_RESET",
];
const OF_POOL: [&str; 6] = ["DIR", "MAX", "NAMES", "SCOPE", "TEMPLATE", "WAIT_TIMEOUT"];

/// The values of the `NAME_MANAGER_*` variables.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    dir: Option<String>,
    scope: Option<String>,
    pub(crate) run_id: Option<String>,
    /// The `name-manager run` that began the run: its id and when it started.
    pub(crate) runner: Option<String>,
    /// The hooks that this process is part of, the outermost first.
    pub(crate) within: Vec<HookCall>,
    pub(crate) keep: Option<Keep>,
    wait_timeout: Option<Duration>,
    /// `NAME_MANAGER_POOL_{POOL}_{KEY}`, as `{POOL}_{KEY}` with the value.
    pools: Vec<(String, String)>,
}

/// The variable of this pool, `NAME_MANAGER_POOL_DB_MAX`.
pub(crate) fn variable(pool: &str, key: &str) -> String {
    format!("{PREFIX}{POOL}{}", of_pool(pool, key))
}

/// The variable of which this is the end, `{POOL}_{KEY}`.
pub(crate) fn whole(of_pool: &str) -> String {
    format!("{PREFIX}{POOL}{of_pool}")
}

fn of_pool(pool: &str, key: &str) -> String {
    format!("{}_{key}", upper(pool))
}

/// A pool's name as in variables.
fn upper(pool: &str) -> String {
    pool.to_ascii_uppercase().replace('-', "_")
}

/// Whether one could be the other misspelt, before they are compared closely: a typing
/// error hardly ever changes both the first letter and the last.
fn begin_or_end_alike(found: &str, pool: &str) -> bool {
    let (found, pool) = (found.as_bytes(), pool.as_bytes());
    let alike = |one: Option<&u8>, other: Option<&u8>| match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    };
    let swapped = alike(found.first(), pool.last()) && alike(found.last(), pool.first());
    swapped || alike(found.first(), pool.first()) || alike(found.last(), pool.last())
}

/// Whether this is what [`upper`] makes of the pool.
fn is_about(found: &str, pool: &str) -> bool {
    let upper = |byte: u8| match byte {
        b'-' => b'_',
        byte => byte.to_ascii_uppercase(),
    };
    found.bytes().eq(pool.bytes().map(upper))
}

/// When resources are kept after a run, for inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// When a test of the run panicked or died, or a hook failed.
    Failed,
    Always,
}

/// The variables of this process, as they were at the first call.
pub(crate) fn get() -> Result<&'static Variables> {
    static VARIABLES: OnceCell<Variables> = OnceCell::new();
    VARIABLES.get_or_try_init(|| {
        let found = env::vars_os().filter_map(|(key, value)| {
            let key = key.into_string().ok()?;
            let rest = key.strip_prefix(PREFIX)?;
            Some((rest.to_owned(), value))
        });
        let mut variables = Variables::read(found)?;
        if let Some(caller) = caller::get() {
            variables.yield_to(caller)?;
        }
        Ok(variables)
    })
}

impl Variables {
    pub(crate) fn read(found: impl Iterator<Item = (String, std::ffi::OsString)>) -> Result<Self> {
        let mut variables = Self::default();
        for (key, value) in found {
            let text = || match value.to_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(Error::config(format!(
                    "variable {PREFIX}{} is \"{}\", which is not UTF-8",
                    shown(&key),
                    shown(&value.to_string_lossy())
                ))),
            };
            match key.as_str() {
                "DIR" => variables.dir = Some(text()?),
                "KEEP" => {
                    variables.keep = match text()?.as_str() {
                        "" => None,
                        "failed" => Some(Keep::Failed),
                        "always" => Some(Keep::Always),
                        other => return Err(wrong(&key, other, "`failed` or `always`")),
                    }
                }
                "RUNNER" => variables.runner = Some(text()?),
                own if OWN.contains(&own) => {}
                // What a hook starts may have this library in it.
                told if OF_HOOK
                    .iter()
                    .any(|key| key.strip_prefix(PREFIX) == Some(told)) => {}
                "SCOPE" => variables.scope = Some(text()?),
                "RUN_ID" => {
                    let id = text()?;
                    name::check_name(&id).map_err(|error| of(&key, error))?;
                    variables.run_id = Some(id);
                }
                // For the command line alone: the lease that may be released.
                "TOKEN" => {}
                "WITHIN" => {
                    let calls = json::from_slice(text()?.as_bytes());
                    variables.within = calls.ok_or_else(|| {
                        Error::config(format!(
                            "variable {WITHIN} is set by name-manager alone, and this is not what it sets; unset it"
                        ))
                    })?;
                }
                "WAIT_TIMEOUT" => variables.wait_timeout = Some(duration(&key, &text()?)?),
                _ => match key.strip_prefix(POOL) {
                    Some(rest) if pool_key(rest).is_some() => {
                        variables.pools.push((rest.to_owned(), text()?));
                    }
                    _ => return Err(unknown(&key)),
                },
            }
        }
        Ok(variables)
    }

    /// A directory or scope given on the command line is that of every pool.
    pub(crate) fn yield_to(&mut self, caller: &Caller) -> Result<()> {
        if caller.dir.is_none() && caller.scope.is_none() {
            return Ok(());
        }
        self.dir = match &caller.dir {
            Some(dir) => Some(dir.to_str().map(str::to_owned).ok_or_else(|| {
                Error::config(format!("directory {dir:?} is not UTF-8; choose another"))
            })?),
            None => None,
        };
        self.scope = caller.scope.clone();
        self.pools
            .retain(|(key, _)| !matches!(pool_key(key), Some("DIR" | "SCOPE")));
        Ok(())
    }

    fn of_pool(&self, pool: &str, key: &str) -> Option<(String, &str)> {
        let variable = of_pool(pool, key);
        let (_, value) = self.pools.iter().find(|(key, _)| *key == variable)?;
        Some((format!("{POOL}{variable}"), value))
    }

    /// Whether any of them is about this pool.
    #[cfg(feature = "tools")]
    pub(crate) fn are_about(&self, pool: &str) -> bool {
        OF_POOL.iter().any(|key| self.of_pool(pool, key).is_some())
    }

    /// A variable that is about no known pool, but nearly about this one, which has
    /// none with that key: the variable, and the one that may be meant.
    pub(crate) fn misspelt<'a>(
        &self,
        pool: &str,
        known: impl Fn() -> Vec<&'a str>,
    ) -> Option<(String, String)> {
        self.pools.iter().find_map(|(found, _)| {
            let key = pool_key(found)?;
            let about = found.strip_suffix(key)?.strip_suffix('_')?;
            if is_about(about, pool) || !begin_or_end_alike(about, pool) {
                return None;
            }
            let known: Vec<_> = known().into_iter().map(upper).collect();
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            let is_near = !known.contains(&about)
                && suggest::nearest_word(about, &known) == Some(&*upper(pool));
            (is_near && self.of_pool(pool, key).is_none())
                .then(|| (whole(found), variable(pool, key)))
        })
    }

    /// A variable that says the size of a pool that is not among these.
    pub(crate) fn size_of_none(&self, known: &[&str]) -> Option<&str> {
        let sizes = self.pools.iter().filter_map(|(found, _)| {
            let key = pool_key(found).filter(|key| ["MAX", "NAMES"].contains(key))?;
            let about = found.strip_suffix(key)?.strip_suffix('_')?;
            let is_known = known.iter().any(|pool| is_about(about, pool));
            (!is_known).then_some(&**found)
        });
        sizes.min()
    }

    /// `max` of a pool.
    pub(crate) fn max(&self, pool: &str) -> Result<Option<u32>> {
        let Some((key, value)) = self.of_pool(pool, "MAX") else {
            return Ok(None);
        };
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse() {
            Ok(max) if max > 0 => Ok(Some(max)),
            Err(_) if is_number => {
                let most = format!("a whole number of at most {}", u32::MAX);
                Err(wrong(&key, value, &most))
            }
            _ => Err(wrong(&key, value, "a whole number of at least 1")),
        }
    }

    /// `names` of a pool: separated by commas.
    pub(crate) fn names(&self, pool: &str) -> Result<Option<Vec<String>>> {
        let Some((key, value)) = self.of_pool(pool, "NAMES") else {
            return Ok(None);
        };
        let mut names: Vec<String> = Vec::new();
        for name in value.split(',').map(str::trim) {
            name::check_name(name).map_err(|error| of(&key, error))?;
            if let Some(twin) = names.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                return Err(Error::config(format!(
                    "variable {PREFIX}{key} lists `{twin}` and `{name}`; some file systems ignore case"
                )));
            }
            names.push(name.to_owned());
        }
        for other in ["MAX", "TEMPLATE"] {
            if let Some((other, _)) = self.of_pool(pool, other) {
                return Err(Error::config(format!(
                    "variables {PREFIX}{key} and {PREFIX}{other} are both set; keep one"
                )));
            }
        }
        Ok(Some(names))
    }

    /// `template` of a pool.
    pub(crate) fn template(&self, pool: &str) -> Result<Option<String>> {
        let Some((key, value)) = self.of_pool(pool, "TEMPLATE") else {
            return Ok(None);
        };
        check_template(value)
            .map_err(|error| Error::config(format!("variable {PREFIX}{key}: {error}")))?;
        Ok(Some(value.to_owned()))
    }

    /// Where a pool's state lives: as set for the pool, or for all.
    pub(crate) fn scope(&self, pool: &str) -> Result<Option<Scope>> {
        let own = |key| self.of_pool(pool, key);
        let all = |key: &str, value| Some((key.to_owned(), value?));
        match (own("DIR"), own("SCOPE")) {
            (None, None) => scope_of(
                all("DIR", self.dir.as_deref()),
                all("SCOPE", self.scope.as_deref()),
            ),
            (dir, scope) => scope_of(dir, scope),
        }
    }

    /// `wait_timeout` of a pool, or for all.
    pub(crate) fn wait_timeout(&self, pool: &str) -> Result<Option<Duration>> {
        match self.of_pool(pool, "WAIT_TIMEOUT") {
            Some((key, value)) => duration(&key, value).map(Some),
            None => Ok(self.wait_timeout),
        }
    }
}

fn scope_of(dir: Option<(String, &str)>, scope: Option<(String, &str)>) -> Result<Option<Scope>> {
    match (dir, scope) {
        (None, None) => Ok(None),
        (Some((key, "")), None) => Err(wrong(&key, "", "a directory")),
        (Some((_, dir)), None) => Ok(Some(Scope::Dir(PathBuf::from(dir)))),
        (None, Some((key, scope))) => match Scope::parse(scope) {
            Ok(scope) => Ok(Some(scope)),
            Err(error) => Err(Error::config(format!("variable {PREFIX}{key}: {error}"))),
        },
        (Some((dir, _)), Some((scope, _))) => Err(Error::config(format!(
            "variables {PREFIX}{dir} and {PREFIX}{scope} are both set; keep one"
        ))),
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
        "variable {PREFIX}{} is \"{}\"; expected {expected}",
        shown(key),
        shown(value)
    ))
}

fn of(key: &str, error: Error) -> Error {
    Error::config(format!("variable {PREFIX}{} is not valid", shown(key))).because(error)
}

fn unknown(key: &str) -> Error {
    let of_pool = format!("{PREFIX}{POOL}{{POOL}}_ followed by {}", OF_POOL.join(", "));
    let near = match key.strip_prefix(POOL).or_else(|| after_misspelt_pool(key)) {
        Some(rest) if pool_key(rest).is_some() => Some(format!("{PREFIX}{POOL}{rest}")),
        Some(rest) => nearest_of_pool(rest),
        // `POOL_` is missing.
        None if pool_key(key).is_some() => Some(format!("{PREFIX}{POOL}{key}")),
        None => suggest::nearest_word(key, &GLOBAL).map(|near| format!("{PREFIX}{near}")),
    };
    let near = near.map_or(String::new(), |near| {
        format!(" (did you mean `{}`?)", shown(&near))
    });
    let known = match key.starts_with(POOL) {
        true => of_pool,
        false => format!("{PREFIX} followed by {}, or {of_pool}", GLOBAL.join(", ")),
    };
    Error::config(format!(
        "unknown variable {PREFIX}{}{near}; expected {known}",
        shown(key)
    ))
}

/// What follows a word that is nearly `POOL`.
fn after_misspelt_pool(key: &str) -> Option<&str> {
    let (word, rest) = key.split_once('_')?;
    let is_near = word.len() <= POOL.len()
        && suggest::distance(&word.to_ascii_uppercase(), POOL.trim_end_matches('_')) < 2;
    (is_near && rest.contains('_')).then_some(rest)
}

/// Where the pool ends and the key begins is not known: tries each `_` for the best.
fn nearest_of_pool(rest: &str) -> Option<String> {
    let ends = rest.match_indices('_').map(|(at, _)| rest.split_at(at + 1));
    let near = ends.filter_map(|(pool, key)| {
        let near = suggest::nearest_word(key, &OF_POOL)?;
        let distance = suggest::distance(key, near);
        Some((distance, format!("{PREFIX}{POOL}{pool}{near}")))
    });
    near.min().map(|(_, variable)| variable)
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
        let variables = read(&[("POOL_DB_MAX", "3"), ("POOL_DB_MAIN_NAMES", "a, b")]).unwrap();
        assert_eq!(variables.max("db").unwrap(), Some(3));
        assert_eq!(
            variables.names("db-main").unwrap(),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(variables.max("db-main").unwrap(), None);
    }

    #[test]
    fn wrong_variables_say_what_to_write() {
        let error = read(&[("WAIT_TIMOUT", "3m")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown variable NAME_MANAGER_WAIT_TIMOUT (did you mean `NAME_MANAGER_WAIT_TIMEOUT`?); expected NAME_MANAGER_ followed by DIR, KEEP, RUN_ID, SCOPE, TOKEN, WAIT_TIMEOUT, or NAME_MANAGER_POOL_{POOL}_ followed by DIR, MAX, NAMES, SCOPE, TEMPLATE, WAIT_TIMEOUT"
        );
        for (wrong, right) in [
            ("POOL_DB_MX", "POOL_DB_MAX"),
            ("POOL_DB_WAIT_TIMOUT", "POOL_DB_WAIT_TIMEOUT"),
            ("POOL_A_B_NAME", "POOL_A_B_NAMES"),
            ("DB_MAX", "POOL_DB_MAX"),
            ("SCOP", "SCOPE"),
            ("POOLS_DB_MAX", "POOL_DB_MAX"),
            ("POL_DB_NAMES", "POOL_DB_NAMES"),
            ("POOLS_DB_MX", "POOL_DB_MAX"),
            ("pool_DB_MAX", "POOL_DB_MAX"),
        ] {
            let error = read(&[(wrong, "3")]).unwrap_err().to_string();
            let near = format!("(did you mean `NAME_MANAGER_{right}`?)");
            assert!(error.contains(&near), "{error}");
        }
        // Comparing it with each known key at each of its `_` would take minutes.
        let long = format!("POOL_{}MXA", "A_".repeat(30_000));
        let error = read(&[(&long, "3")]).unwrap_err().to_string();
        assert!(error.starts_with("unknown variable"), "{error}");
        let error = read(&[("VERBOSE", "1")]).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
        let error = read(&[("POOL_DB_MAX", "0")])
            .unwrap()
            .max("db")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "variable NAME_MANAGER_POOL_DB_MAX is \"0\"; expected a whole number of at least 1"
        );
        let error = read(&[("POOL_DB_MAX", "4294967296")]).unwrap().max("db");
        let error = error.unwrap_err().to_string();
        assert!(
            error.ends_with("a whole number of at most 4294967295"),
            "{error}"
        );
        let error = read(&[("WAIT_TIMEOUT", "long")]).unwrap_err().to_string();
        assert!(error.contains("expected a duration like `90s`"), "{error}");
    }

    #[test]
    fn a_variable_for_one_pool_overrides_one_for_all() {
        let variables = read(&[("DIR", "/all"), ("POOL_DB_SCOPE", "user")]).unwrap();
        assert_eq!(variables.scope("db").unwrap(), Some(Scope::User));
        assert_eq!(
            variables.scope("other").unwrap(),
            Some(Scope::Dir("/all".into()))
        );
    }

    #[test]
    fn variables_that_contradict_each_other_are_refused() {
        let both = |pairs: &[(&str, &str)], names: bool| {
            let variables = read(pairs).unwrap();
            let error = match names {
                true => variables.names("db").unwrap_err(),
                false => variables.scope("db").unwrap_err(),
            };
            error.to_string()
        };
        assert_eq!(
            both(&[("POOL_DB_MAX", "1"), ("POOL_DB_NAMES", "a")], true),
            "variables NAME_MANAGER_POOL_DB_NAMES and NAME_MANAGER_POOL_DB_MAX are both set; keep one"
        );
        assert_eq!(
            both(&[("DIR", "a"), ("SCOPE", "user")], false),
            "variables NAME_MANAGER_DIR and NAME_MANAGER_SCOPE are both set; keep one"
        );
        assert_eq!(
            both(&[("DIR", "")], false),
            "variable NAME_MANAGER_DIR is \"\"; expected a directory"
        );
    }

    #[test]
    fn text_from_a_variable_cannot_break_a_message() {
        let long = "x".repeat(5000);
        for (key, value) in [
            ("X\u{1b}[2J", "1"),
            ("POOL_\n", "1"),
            ("POOL\u{1c}DB_NAMES", ""),
            ("KEEP", "\u{1b}"),
            ("WAIT_TIMEOUT", &long),
            (&long, ""),
        ] {
            let error = read(&[(key, value)]).unwrap_err();
            let error = error.to_string();
            assert!(!error.contains(char::is_control), "{error:?}");
            assert!(error.len() < 500, "{error}");
        }
    }
}
