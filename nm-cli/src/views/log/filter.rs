use std::error::Error;

use clap::ValueEnum;
use globset::{Glob, GlobMatcher};
use nm_runtime::inspect::{Found, Inspector};
use nm_runtime::journal::{Event, Kind};

use crate::events::runs;
use crate::exit::{Failure, code};
use crate::pools;

/// The events to show.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Which events")]
pub struct Args {
    /// Events of these pools [default: all]
    #[arg(long, value_name = "POOL", value_delimiter = ',')]
    pool: Vec<String>,
    /// Events of these names
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    name: Vec<String>,
    /// Events of these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_enum)]
    kind: Vec<EventKind>,
    /// Events of the run with this id, or of the `last` one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Events of tests whose path matches, or what follows a `::` of it: `*` is any text, `?` any
    /// character
    #[arg(long, value_name = "GLOB")]
    test: Option<String>,
}

/// As the journal writes kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EventKind(Kind);

impl ValueEnum for EventKind {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: std::sync::LazyLock<Vec<EventKind>> =
            std::sync::LazyLock::new(|| Kind::ALL.iter().copied().map(EventKind).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.as_str()))
    }
}

/// [`Args`], resolved.
pub struct Filter {
    given_pools: bool,
    pub pools: Vec<Found>,
    names: Vec<String>,
    kinds: Vec<Kind>,
    pub run: Option<String>,
    test: Option<GlobMatcher>,
}

impl Args {
    pub fn filter(self) -> Result<Filter, Box<dyn Error + Send + Sync>> {
        let pools = pools::chosen(&self.pool)?;
        for name in &self.name {
            check_name(name, &pools)?;
        }
        let run = match self.run.as_deref() {
            // Without any event there is no last run.
            Some("last") => runs::last(&pools)?.or(Some(String::new())),
            _ => self.run,
        };
        let test = match self.test {
            Some(glob) => {
                let matcher = Glob::new(&glob).map_err(|error| {
                    let what = format!("invalid pattern in `--test {glob}`");
                    Failure::new(code::USAGE, what).because(error)
                })?;
                Some(matcher.compile_matcher())
            }
            None => None,
        };
        Ok(Filter {
            given_pools: !self.pool.is_empty(),
            pools,
            names: self.name,
            kinds: self.kind.iter().map(|kind| kind.0).collect(),
            run,
            test,
        })
    }
}

/// Whether a server knows the name.
fn was_lent(pool: &Found, name: &str) -> Result<bool, Failure> {
    let view = Inspector::new().look(pool)?;
    let mut names = view.names.iter();
    Ok(names.any(|view| view.name == name && view.record.is_some()))
}

fn check_name(name: &str, pools: &[Found]) -> Result<(), Failure> {
    // Any name that was ever lent is known, whatever its state is now.
    let mut known = false;
    for pool in pools {
        known |= match pool.is_on_server {
            true => was_lent(pool, name)?,
            false => pool.dir.join("names").join(format!("{name}.json")).exists(),
        };
    }
    match known {
        true => Ok(()),
        false => Err(Failure::new(
            code::UNKNOWN,
            format!("name `{name}` was never lent; `name-manager status` lists the names"),
        )),
    }
}

impl Filter {
    /// Whether only given pools are wanted.
    pub fn is_of_given_pools(&self) -> bool {
        self.given_pools
    }

    pub fn lets_through(&self, event: &Event) -> bool {
        let name = || match &event.name {
            Some(name) => self.names.contains(name),
            None => false,
        };
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.run.as_ref().is_none_or(|run| event.holder.run == *run)
            && (self.names.is_empty() || name())
            && self
                .test
                .as_ref()
                .is_none_or(|test| is_of(&event.holder.test, test))
    }

    /// To be called when no event was let through: fails if that is a mistake.
    pub fn explain_nothing(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(run) = self.run.as_ref().filter(|run| !run.is_empty()) else {
            return Ok(());
        };
        let last = runs::last(&self.pools)?;
        match last.as_ref() == Some(run) {
            true => Ok(()),
            false => Err(runs::unknown(run, last.as_deref()).into()),
        }
    }
}

/// Runners print a test's path without the crate, and people copy the last part of it.
fn is_of(path: &str, pattern: &GlobMatcher) -> bool {
    let ends = path
        .match_indices("::")
        .map(|(at, part)| &path[at + part.len()..]);
    std::iter::once(path)
        .chain(ends)
        .any(|end| pattern.is_match(end))
}
