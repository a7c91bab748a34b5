//! Looks at pools from outside, for people and tools. Makes no waiter miss a name, creates no file, and decides nothing. May import `local`,
//! `config` and what is below them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nm_words::key;

use crate::backend::snapshot::NameSnapshot;
use crate::base::clock;
use crate::base::error::{Error, Kind, Result};
use crate::config::place;
use crate::journal::Event;
use crate::local::{files, first_waiter, look, pool_code, runs, sizes};
use crate::sys;
use crate::terms::holder::Holder;
use crate::terms::name;
use crate::terms::names::Names;
use crate::terms::record::{FORMAT, Record, Tenure};

pub use crate::config::place::Place;
use crate::config::surroundings::Surroundings;
pub use crate::config::surroundings::workspace_root;
use crate::local::kernel_locks::Locks;
pub use crate::local::soundness::locks_work;
use crate::local::waiters::Recent;
pub use crate::local::waiters::Waiter;
pub use crate::sys::ProcessState;
pub use crate::terms::code::{Code, PoolCode};
pub use crate::terms::name::{check_pool, misspelt_placeholder};
pub use crate::terms::pool_life::PoolHook;

/// A pool that has state somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub pool: String,
    /// Its directory, `.name-manager/pools/db`.
    pub dir: PathBuf,
    /// The state directory, and why it was chosen.
    pub place: Place,
}

/// Where the state of pools lives, for the current directory, unless configured.
///
/// # Errors
///
/// If a variable or `Cargo.toml` is wrong, or there is no such place.
pub fn place() -> Result<Place> {
    Surroundings::look()?.place(None)
}

/// All pools of the current directory that have state, by name.
///
/// # Errors
///
/// If a variable or `Cargo.toml` is wrong, or the state directory is of a newer
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
    // Those of `file_serial`: they need no configuration to be elsewhere. (If nobody knows
    // where, nothing can have used them.)
    let keyed = key::across_processes("");
    if let Ok(there) = around.place(Some(&keyed))
        && there.dir != place.dir
    {
        for pool in list(&there.dir)? {
            let is_there = key::is_across_processes(&pool)
                && around.place(Some(&pool))?.dir == there.dir
                && !found.contains_key(&pool);
            if is_there {
                check_format(&there.dir)?;
                found.insert(pool.clone(), Found::new(pool, there.clone()));
            }
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
    match place::format_of(state_dir) {
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

/// One pool at one moment.
#[derive(Clone, Debug)]
pub struct View {
    /// The pool.
    pub pool: String,
    /// How many names it has, as far as configuration and the last run say.
    pub capacity: Option<usize>,
    /// Its names, in the order in which they are tried.
    pub names: Vec<NameView>,
    /// Its waiters, in arrival order.
    pub waiters: Vec<Waiter>,
    /// The user code that it depends on, as far as processes have said.
    pub code: PoolCode,
    /// The pool's own hook that is running: all requests wait for it.
    pub hook: Option<PoolHook>,
    /// The runs that are over and being cleaned up after, as far as the kernel lists locks.
    pub cleaning: Vec<String>,
}

/// One name at one moment.
#[derive(Clone, Debug)]
pub struct NameView {
    /// The name.
    pub name: String,
    /// Its record; `None` if it was never lent.
    pub record: Option<Record>,
    /// Whether a record exists, but is unreadable.
    pub unreadable: bool,
    /// Whether the name is held.
    pub held: bool,
    /// The hook that is running on it.
    pub hook: Option<Event>,
    /// Its holders, as far as its record says.
    pub holders: Vec<Tenure>,
    /// The run that is over and used it, if its reaper has yet to clean it up.
    pub awaits_cleanup: Option<String>,
}

impl NameView {
    /// Whether the last holder ended without releasing it; the next holder will find
    /// it dirty.
    pub fn holder_died(&self) -> bool {
        let left = |record: &Record| !record.holders.is_empty();
        !self.held && self.record.as_ref().is_some_and(left)
    }
}

/// Looks at pools, with one look at the kernel's locks for all of them.
#[derive(Debug)]
pub struct Inspector {
    locks: Locks,
}

impl Inspector {
    /// Reads the kernel's locks at this moment.
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
    /// If the pool's directory or journal cannot be read.
    pub fn look(&self, found: &Found) -> Result<View> {
        let around = Surroundings::look()?;
        let names = configured_names(&found.pool, &around, &found.dir)?;
        let tickets = first_waiter::tickets(&found.dir);
        let snapshot = look::snapshot(&found.dir).map_err(|error| {
            let what = format!("failed to look at `{}`", found.dir.display());
            Error::io(what, error)
        })?;
        let reserved = snapshot.names.iter().filter(|seen| seen.reserved);
        let reserved: Vec<_> = reserved.map(|seen| seen.name.clone()).collect();
        let mut recent = Recent::read(&found.dir, &tickets, &reserved)?;
        let (head, hook) = (snapshot.head, snapshot.hook);
        let cleaning = runs::over(&found.dir, &self.locks);
        let mut seen = BTreeMap::new();
        for index in 0..names.capacity().unwrap_or(0) {
            if let Some(name) = names.get(index) {
                let never_lent = NameSnapshot::never_lent(&name);
                seen.insert(order(&names, &name), never_lent);
            }
        }
        for name in snapshot.names {
            seen.insert(order(&names, &name.name), name);
        }
        let views = seen
            .into_values()
            .map(|seen| {
                let mut taken = head.iter().flat_map(|head| &head.taken);
                let taken = taken.any(|taken| *taken == seen.name);
                self.look_at_name(&found.dir, seen, taken, &mut recent, &cleaning)
            })
            .collect();
        Ok(View {
            pool: found.pool.clone(),
            capacity: names.capacity(),
            names: views,
            waiters: recent.waiters(tickets, head.as_ref(), &reserved),
            code: pool_code::look(&found.dir)?,
            hook,
            cleaning,
        })
    }

    /// `taken`: by the head of the queue, whose lease has not begun yet.
    fn look_at_name(
        &self,
        pool_dir: &Path,
        seen: NameSnapshot,
        taken: bool,
        recent: &mut Recent,
        cleaning: &[String],
    ) -> NameView {
        let lock = pool_dir.join(files::NAMES).join(files::lock(&seen.name));
        let held = taken || !seen.holders.is_empty() || self.locks.has(&lock);
        let hook = recent.hooks.remove(&seen.name).filter(|_| held);
        let awaits_cleanup = match (&seen.record, held) {
            (Some(record), false) => awaits_cleanup(record, cleaning),
            _ => None,
        };
        NameView {
            awaits_cleanup,
            name: seen.name,
            record: seen.record,
            unreadable: seen.unreadable,
            held,
            hook,
            holders: seen.holders,
        }
    }
}

/// Of the runs that are cleaned up after, the one that used a name which no other does.
fn awaits_cleanup(record: &Record, cleaning: &[String]) -> Option<String> {
    let life = record.life.as_ref()?;
    let is_over = !life.is_kept(record.state) && life.runs.iter().all(|run| cleaning.contains(run));
    life.runs.first().filter(|_| is_over).cloned()
}

/// As people count, 2 before 10, after the names of the configuration.
fn order(names: &Names, name: &str) -> (usize, u64, String) {
    let index = names.index_of(name).unwrap_or(usize::MAX);
    let digits = name.rsplit(|c: char| !c.is_ascii_digit()).next();
    let number = digits.and_then(|digits| digits.parse().ok());
    (index, number.unwrap_or(u64::MAX), name.to_owned())
}

fn configured_names(pool: &str, around: &Surroundings, dir: &Path) -> Result<Names> {
    let config = around.pool(pool)?;
    if config.names.capacity().is_some() {
        return Ok(config.names);
    }
    // As in the last run that declared any.
    let mut declared = sizes::all(dir)?;
    declared.retain(|declared| !declared.is_configured());
    let last = declared.pop();
    Ok(last.map_or(config.names.clone(), |last| last.adopted_by(&config.names)))
}

/// What one run's attributes said about a pool's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The run.
    pub run: String,
    /// The attribute.
    pub place: String,
    /// `max = 2` or `names = [..]`.
    pub size: String,
}

/// What the latest runs' attributes said about a pool's size, the oldest first. Empty
/// for a pool whose size is configured.
///
/// # Errors
///
/// If what they said cannot be read.
pub fn declarations(found: &Found) -> Result<Vec<Declared>> {
    let unsaid = Names::Numbered {
        template: String::new(),
        max: None,
    };
    let declared = sizes::all(&found.dir)?.into_iter();
    let declared = declared.filter(|declared| !declared.is_configured());
    let declared = declared.map(|declared| Declared {
        size: declared.names(&unsaid).size(),
        run: declared.run,
        place: declared.place,
    });
    Ok(declared.collect())
}

/// How a holder's process is.
pub fn process(holder: &Holder) -> ProcessState {
    sys::process_state(holder.pid, holder.pid_namespace)
}

/// How a process has ended that its parent has waited for, as `wait` told it, by a
/// descriptor of it that was opened before. `None` if that is unknown.
#[cfg(target_os = "linux")]
pub fn exit_status(process: std::os::fd::BorrowedFd<'_>) -> Option<i32> {
    sys::exit_status(process)
}

/// Microseconds since 1970, by the clock of records and journal.
pub fn now() -> u64 {
    clock::now()
}
