//! Looking at pools from outside, for people and tools. Takes no lock that
//! anybody could miss a name by, makes no file, and decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::clock;
use crate::base::error::{Error, Kind, Result};
use crate::config::place;
use crate::config::pool::PoolConfig;
use crate::journal::Event;
use crate::local::files;
use crate::local::sizes;
use crate::sys;
use crate::terms::name;
use crate::terms::names::Names;
use crate::terms::record::{FORMAT, Record, Tenure};

pub use crate::config::surroundings::{Place, workspace_root};
use crate::config::surroundings::{Surroundings, format_of};
use crate::local::kernel_locks::Locks;
pub use crate::local::soundness::locks_work;
pub use crate::local::waiters::Waiter;
use crate::local::waiters::{Recent, tickets};
pub use crate::terms::declaration::Declared;

/// A pool that has state somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub pool: String,
    /// Its directory, `.name-manager/pools/db`.
    pub dir: PathBuf,
    /// Where that is, and why there.
    pub place: Place,
}

/// Where pools of the current directory live unless something is said of them.
///
/// # Errors
///
/// When a variable or `Cargo.toml` is wrong, or there is no such place.
pub fn place() -> Result<Place> {
    Surroundings::look()?.place(None)
}

/// All pools of the current directory that have state, by name.
///
/// # Errors
///
/// When a variable or `Cargo.toml` is wrong, the state directory is of a newer
/// version or cannot be read.
pub fn pools() -> Result<Vec<Found>> {
    let around = Surroundings::look()?;
    let place = around.place(None)?;
    check_format(&place.dir)?;
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for pool in list(&place.dir)? {
        let there = around.place(Some(&pool))?;
        // Left from before it was configured to live elsewhere.
        if there.dir == place.dir {
            found.insert(pool.clone(), Found::new(pool, place.clone()));
        }
    }
    let elsewhere: Vec<_> = around
        .configured()
        .map(|table| table.pool.clone())
        .collect();
    for pool in elsewhere {
        let there = around.place(Some(&pool))?;
        if there.dir != place.dir && place::pool_dir(&there.dir, &pool).is_dir() {
            check_format(&there.dir)?;
            found.insert(pool.clone(), Found::new(pool, there));
        }
    }
    Ok(found.into_values().collect())
}

impl Found {
    fn new(pool: String, place: Place) -> Self {
        Self {
            dir: place::pool_dir(&place.dir, &pool),
            pool,
            place,
        }
    }
}

fn check_format(state_dir: &Path) -> Result<()> {
    match format_of(state_dir) {
        Some(found) if found > FORMAT => Err(Error::new(
            Kind::FormatTooNew,
            format!(
                "state directory `{}` has format {found}, this version reads up to {FORMAT}; update name-manager",
                state_dir.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// The pools that have a directory here.
fn list(state_dir: &Path) -> Result<Vec<String>> {
    let path = place::pools_dir(state_dir);
    let failed = |error| Error::io(format!("failed to list `{}`", path.display()), error);
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut pools = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if let Ok(pool) = entry.file_name().into_string()
            && name::check_pool(&pool).is_ok()
            && entry.path().is_dir()
        {
            pools.push(pool);
        }
    }
    pools.sort();
    Ok(pools)
}

/// What a look at one pool shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The pool.
    pub pool: String,
    /// How many names it has, as far as configuration and the last run say.
    pub capacity: Option<usize>,
    /// Its names, in the order in which they are tried.
    pub names: Vec<NameView>,
    /// Who waits, first who came first.
    pub waiters: Vec<Waiter>,
}

/// What a look at one name shows.
#[derive(Clone, Debug)]
pub struct NameView {
    /// The name.
    pub name: String,
    /// What is written beside its lock; nothing when it was never lent.
    pub record: Option<Record>,
    /// The record is there and says nothing.
    pub unreadable: bool,
    /// Whether the name is held.
    pub held: bool,
    /// The hook that runs on it.
    pub hook: Option<Event>,
}

impl NameView {
    /// Who holds it, as far as the record says.
    pub fn holders(&self) -> &[Tenure] {
        match &self.record {
            Some(record) if self.held => &record.holders,
            _ => &[],
        }
    }

    /// Whether the last holder ended without giving it back; the next one will
    /// find it dirty.
    pub fn holder_died(&self) -> bool {
        let left = |record: &Record| !record.holders.is_empty();
        !self.held && self.record.as_ref().is_some_and(left)
    }
}

/// Looks at pools; one look at the kernel's locks serves them all.
#[derive(Debug)]
pub struct Looker {
    locks: Locks,
}

impl Looker {
    /// Takes note of the kernel's locks of this moment.
    #[expect(clippy::new_without_default, reason = "it reads the system's state")]
    pub fn new() -> Self {
        Self {
            locks: Locks::now(),
        }
    }

    /// Looks at one pool.
    ///
    /// # Errors
    ///
    /// When the pool's directory or journal cannot be read.
    pub fn look(&self, found: &Found) -> Result<View> {
        let around = Surroundings::look()?;
        let names = configured_names(&found.pool, &around, &found.dir)?;
        let tickets = tickets(&found.dir);
        let mut known = BTreeSet::new();
        let names_dir = found.dir.join(files::NAMES);
        let recorded = recorded(&names_dir)?;
        let is_reserved = |name: &&String| {
            let reservation = names_dir.join(files::reservation(name));
            self.locks.has(&reservation) == Some(true)
        };
        let reserved: Vec<_> = recorded.iter().filter(is_reserved).cloned().collect();
        let mut recent = Recent::read(&found.dir, &tickets, &reserved)?;
        for name in recorded {
            // After those that the configuration knows, as people count: 2, then 10.
            let index = names.index_of(&name).unwrap_or(usize::MAX);
            let digits = name.rsplit(|c: char| !c.is_ascii_digit()).next();
            let number: u64 = digits.and_then(|n| n.parse().ok()).unwrap_or(u64::MAX);
            known.insert((index, number, name));
        }
        for index in 0..names.capacity().unwrap_or(0) {
            if let Some(name) = names.get(index) {
                let digits = name.rsplit(|c: char| !c.is_ascii_digit()).next();
                let number: u64 = digits.and_then(|n| n.parse().ok()).unwrap_or(u64::MAX);
                known.insert((index, number, name.into_owned()));
            }
        }
        let views = known
            .into_iter()
            .map(|(_, _, name)| self.look_at_name(&names_dir, name, &mut recent))
            .collect();
        Ok(View {
            pool: found.pool.clone(),
            capacity: names.capacity(),
            names: views,
            waiters: recent.waiters(tickets),
        })
    }

    fn look_at_name(&self, names_dir: &Path, name: String, recent: &mut Recent) -> NameView {
        let text = sys::read_regular(&names_dir.join(files::record(&name)));
        let record = text.as_ref().ok().and_then(|text| Record::peek(text));
        let unreadable = record.is_none() && text.is_ok_and(|text| !text.is_empty());
        let listed = self.locks.has(&names_dir.join(files::lock(&name)));
        let held = listed.unwrap_or_else(|| {
            let mut holders = record.iter().flat_map(|record| &record.holders);
            holders.any(|tenure| sys::is_alive(tenure.holder.pid))
        });
        let hook = recent.hooks.remove(&name).filter(|_| held);
        NameView {
            name,
            record,
            unreadable,
            held,
            hook,
        }
    }
}

/// Names that were ever lent.
fn recorded(names_dir: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::io(format!("failed to list `{}`", names_dir.display()), error);
    let entries = match fs::read_dir(names_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension() == Some(OsStr::new("json"))
            && let Some(name) = path.file_stem().and_then(OsStr::to_str)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn configured_names(pool: &str, around: &Surroundings, dir: &Path) -> Result<Names> {
    let config = PoolConfig::new(pool, around.variables, around.workspace.as_ref())?;
    sizes::latest(dir, config.names)
}

/// What the latest runs' attributes said of a pool's size, the oldest first.
/// Nothing of a pool whose size the configuration says.
///
/// # Errors
///
/// When what they said cannot be read.
pub fn declarations(found: &Found) -> Result<Vec<Declared>> {
    sizes::all(&found.dir)
}

/// Whether a process with this id is there.
pub fn is_alive(pid: u32) -> bool {
    sys::is_alive(pid)
}

/// Microseconds since 1970, by the clock that records and journal go by.
pub fn now() -> u64 {
    clock::now()
}
