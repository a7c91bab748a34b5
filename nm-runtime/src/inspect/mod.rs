//! Looks at pools from outside, for people and tools. Makes no waiter miss a name, creates
//! no file, and decides nothing. May import `local`, `remote`, `config` and what is below them.

mod events;
mod left;
#[cfg(not(all(unix, feature = "server")))]
#[path = "no_server.rs"]
mod server_pool;
#[cfg(all(unix, feature = "server"))]
mod server_pool;
#[cfg(all(unix, feature = "server"))]
mod waiter;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nm_words::key;

use crate::backend::patience::Deadline;
use crate::backend::snapshot::{NameSnapshot, Snapshot};
use crate::base::clock;
use crate::base::error::{Error, Kind, Result};
use crate::config::place;
use crate::inspect::server_pool::ServerPool;
use crate::journal::{Event, Reader};
use crate::local::{files, first_waiter, look, pool_code, pool_life, runs, sizes};
use crate::terms::declaration::Declaration;
use crate::terms::holder::Holder;
use crate::terms::name;
use crate::terms::names::Names;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::{FORMAT, Record, Tenure};

pub use events::Events;
pub use left::{Left, Run};

pub use crate::config::place::Place;
use crate::config::surroundings::Surroundings;
pub use crate::config::surroundings::{unwritten, workspace_root};
use crate::config::workspace::Package;
use crate::local::kernel_locks::Locks;
use crate::local::lock::is_locked;
pub use crate::local::soundness::{locks_work, writing_works};
use crate::local::waiters::Recent;
pub use crate::local::waiters::Waiter;
pub use crate::terms::code::{Code, PoolCode};
pub use crate::terms::name::{check_pool, misspelt_placeholder};
pub use crate::terms::pool_life::PoolHook;
pub use nm_os::ProcessState;

/// About the size of an event.
const EVENT: u64 = 400;

/// A pool that has state somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub pool: String,
    /// Its directory, `.name-manager/pools/db`.
    pub dir: PathBuf,
    /// The state directory, and why it was chosen.
    pub place: Place,
    /// Whether a server lends its names. The directory has only what its hooks and the keepers of
    /// `acquire` need then, and the state directory is that of the agent which speaks for this
    /// machine.
    pub is_on_server: bool,
}

/// Where the state of pools lives, for the current directory, unless configured.
///
/// # Errors
///
/// If a variable or `Cargo.toml` is wrong, or there is no such place.
pub fn place() -> Result<Place> {
    Surroundings::look()?.place(None)
}

/// Where it lives for the workspace with this root.
///
/// # Errors
///
/// As [`place`], and if there is no `Cargo.toml`.
pub fn place_in(root: &Path) -> Result<Place> {
    Surroundings::of(&Package::In(root.to_owned()))?.place(None)
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
        .iter()
        .map(|table| table.pool.clone())
        .collect();
    for pool in elsewhere {
        let there = around.place(Some(&pool))?;
        if around.is_on_server(&pool)? {
            // Whether it has been used, only the server knows.
            found.insert(pool.clone(), Found::of(&pool, &around)?);
        } else if there.dir != place.dir && place::pool_dir(&there.dir, &pool).is_dir() {
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

/// The pools that `Cargo.toml` configures and that have no state yet, by name.
///
/// # Errors
///
/// As [`pools`].
pub fn unused() -> Result<Vec<Found>> {
    let around = Surroundings::look()?;
    let mut unused = BTreeMap::new();
    for table in around.configured() {
        let found = Found::of(&table.pool, &around)?;
        check_format(&found.place.dir)?;
        if !found.is_on_server && !found.dir.is_dir() {
            unused.insert(found.pool.clone(), found);
        }
    }
    Ok(unused.into_values().collect())
}

/// The pool with this name, if `Cargo.toml` or a variable configures it; it need not have
/// state.
///
/// # Errors
///
/// As [`pools`], and if the name is not valid for a pool.
pub fn configured(pool: &str) -> Result<Option<Found>> {
    let around = Surroundings::look()?;
    let found = find(pool)?;
    Ok(around.configures(pool).then_some(found))
}

/// The pool with this name, which anybody may come to use.
///
/// # Errors
///
/// As [`configured`].
pub fn find(pool: &str) -> Result<Found> {
    name::check_pool(pool)?;
    let found = Found::of(pool, &Surroundings::look()?)?;
    check_format(&found.place.dir)?;
    Ok(found)
}

/// Whether a pool has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is configured, or was made before; or the pool is unbounded and would make it next.
    Yes,
    /// The pool is unbounded, and would make it only after others.
    NotYet,
    /// It is none of the pool's.
    No,
}

/// Whether the pool has this name.
///
/// # Errors
///
/// If the pool's configuration is wrong, or what attributes said of it cannot be read.
pub fn knows(found: &Found, name: &str) -> Result<Known> {
    let around = Surroundings::look()?;
    let (names, made) = match found.server(&around)? {
        Some(server) => {
            let said = || server.declarations();
            let (names, _) = names_now(&found.pool, &around, said, &[])?;
            let lent = server.look(&found.pool)?.0.names.into_iter();
            (names, Some(lent.map(|name| name.name).collect::<Vec<_>>()))
        }
        None => {
            let said = || sizes::all(&found.dir);
            (names_now(&found.pool, &around, said, &[])?.0, None)
        }
    };
    let locks = found.dir.join(files::NAMES);
    let was_made = |name: &str| match &made {
        Some(made) => made.iter().any(|made| made == name),
        None => locks.join(files::lock(name)).exists(),
    };
    Ok(match names.index_of(name) {
        Some(index) if names.capacity().is_none() => {
            let before = index.checked_sub(1).map(|before| names.get(before));
            let is_next = before.is_none_or(|before| before.is_some_and(|name| was_made(&name)));
            match is_next || was_made(name) {
                true => Known::Yes,
                false => Known::NotYet,
            }
        }
        Some(_) => Known::Yes,
        None if name::check_name(name).is_ok() && was_made(name) => Known::Yes,
        None => Known::No,
    })
}

impl Found {
    fn new(pool: String, place: Place) -> Self {
        Self {
            dir: place::pool_dir(&place.dir, &pool),
            pool,
            place,
            is_on_server: false,
        }
    }

    fn of(pool: &str, around: &Surroundings) -> Result<Self> {
        let mut found = Self::new(pool.to_owned(), around.place(Some(pool))?);
        found.is_on_server = around.is_on_server(pool)?;
        // Without an address, say, it has none; whoever asks more of it is told.
        if found.is_on_server
            && let Ok(config) = around.pool(pool)
        {
            found.dir = config.pool_dir(pool);
        }
        Ok(found)
    }

    fn server(&self, around: &Surroundings) -> Result<Option<ServerPool>> {
        match self.is_on_server {
            true => ServerPool::open(&self.pool, around),
            false => Ok(None),
        }
    }

    /// Whether this machine may have used it a moment ago: what speaks with its server goes on for
    /// a while, and for as long as anything is held or cleaned up.
    pub fn may_be_used(&self) -> bool {
        let lock = self.place.dir.join("agent.lock");
        !self.is_on_server || nm_os::open_regular(&lock).is_ok_and(is_locked)
    }

    /// What happened in the pool, as far as it is still known.
    ///
    /// # Errors
    ///
    /// If the journal cannot be opened.
    pub fn events(&self) -> Result<Events> {
        match self.server(&Surroundings::look()?)? {
            Some(server) => Ok(Events::of_server(server)),
            None => Ok(Events::of_machine(Reader::open(&self.dir)?)),
        }
    }

    /// What happened last, from about this many bytes before the end.
    ///
    /// # Errors
    ///
    /// If the journal cannot be opened.
    pub fn last_events(&self, bytes: u64) -> Result<Events> {
        match self.server(&Surroundings::look()?)? {
            Some(server) => {
                let most = u32::try_from(bytes / EVENT).unwrap_or(u32::MAX);
                Events::end_of_server(server, most)
            }
            None => Ok(Events::of_machine(Reader::open_near_end(&self.dir, bytes)?)),
        }
    }

    /// Its runs that are not over, or have left something.
    ///
    /// # Errors
    ///
    /// If what is known of them cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let seen = match self.server(&Surroundings::look()?)? {
            Some(server) => server.runs()?,
            None => runs::seen(&self.dir)?,
        };
        let seen = seen.into_iter().map(|seen| Run {
            run: seen.run,
            note: seen.note,
            has_reaper: seen.has_reaper,
        });
        Ok(seen.collect())
    }

    /// Waits until the process that cleans up after this run has ended, at most so long; false
    /// if it has not.
    ///
    /// # Errors
    ///
    /// If the pool's directory cannot be used, or its server.
    pub fn wait_for_reaper(&self, run: &str, until: Instant) -> Result<bool> {
        let patience = until.saturating_duration_since(Instant::now());
        let mut patience = Deadline::after(patience.max(Duration::from_millis(1)));
        match self.server(&Surroundings::look()?)? {
            Some(server) => server.wait_for_reaper(run, patience),
            None => runs::wait_for_reaper(&self.dir, run, &mut patience),
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
    /// The attribute that its size is from, if no live run says it: it may have been edited
    /// since.
    pub said_last: Option<Declared>,
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
    /// Whether `teardown` is to be called for it.
    pub is_set_up: bool,
    /// Why the pool as a whole is left as runs that are over have made it.
    pub left: Option<Left>,
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
    /// Why what runs that are over have made of it is left, if nobody cleans it up.
    pub left: Option<Left>,
}

impl NameView {
    /// Whether `cleanup` is to be called for it: its hooks have made something, which no
    /// fingerprint keeps.
    pub fn is_made(&self) -> bool {
        let is_made = |record: &Record| {
            let life = record.life.as_ref();
            life.is_some_and(|life| !life.is_kept(record.state))
        };
        self.record.as_ref().is_some_and(is_made)
    }

    /// Whether the last holder ended without releasing it; the next holder will find
    /// it dirty.
    pub fn holder_died(&self) -> bool {
        let left = |record: &Record| !record.holders.is_empty();
        !self.held && self.record.as_ref().is_some_and(left)
    }
}

/// What a view is made of.
struct Looked<'a> {
    found: &'a Found,
    names: Names,
    said_last: Option<Declaration>,
    code: PoolCode,
    hooks: BTreeMap<String, Event>,
    waiters: Vec<Waiter>,
    cleaning: Vec<String>,
    life: PoolLife,
    runs: left::Seen,
    snapshot: Snapshot,
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
        match found.server(&around)? {
            Some(server) => self.look_at_server(found, &around, &server),
            None => self.look_here(found, &around),
        }
    }

    fn look_here(&self, found: &Found, around: &Surroundings) -> Result<View> {
        let tickets = first_waiter::tickets(&found.dir);
        let runs_before = runs::seen(&found.dir)?;
        let snapshot = look::snapshot(&found.dir).map_err(|error| {
            let what = format!("failed to look at `{}`", found.dir.display());
            Error::io(what, error)
        })?;
        let holders = snapshot.names.iter().flat_map(|name| &name.holders);
        let holders: Vec<_> = holders.map(|tenure| &*tenure.holder).collect();
        let said = || sizes::all(&found.dir);
        let (names, said_last) = names_now(&found.pool, around, said, &holders)?;
        let code = pool_code::look(&found.dir)?;
        let reserved = snapshot.names.iter().filter(|seen| seen.reserved);
        let reserved: Vec<_> = reserved.map(|seen| seen.name.clone()).collect();
        let mut recent = Recent::read(&found.dir, &tickets, &reserved)?;
        let hooks = std::mem::take(&mut recent.hooks);
        Ok(self.view(Looked {
            found,
            names,
            said_last,
            code,
            hooks,
            waiters: recent.waiters(tickets, snapshot.head.as_ref(), &reserved),
            cleaning: runs::over(&found.dir, &self.locks),
            life: pool_life::look(&found.dir),
            runs: left::Seen::new(runs_before, runs::seen(&found.dir)?),
            snapshot,
        }))
    }

    fn look_at_server(
        &self,
        found: &Found,
        around: &Surroundings,
        server: &ServerPool,
    ) -> Result<View> {
        let runs_before = server.runs()?;
        let (snapshot, waiters) = server.look(&found.pool)?;
        let holders = snapshot.names.iter().flat_map(|name| &name.holders);
        let holders: Vec<_> = holders.map(|tenure| &*tenure.holder).collect();
        let said = || server.declarations();
        let (names, said_last) = names_now(&found.pool, around, said, &holders)?;
        let runs_after = server.runs()?;
        Ok(self.view(Looked {
            found,
            names,
            said_last,
            code: server.code()?,
            hooks: server.hooks(&snapshot)?,
            waiters,
            cleaning: server.cleaning(&runs_after)?,
            life: server.life()?,
            runs: left::Seen::new(runs_before, runs_after),
            snapshot,
        }))
    }

    fn view(&self, looked: Looked<'_>) -> View {
        let Looked {
            found,
            names,
            said_last,
            code,
            mut hooks,
            waiters,
            cleaning,
            life,
            runs,
            snapshot,
        } = looked;
        let (head, hook) = (snapshot.head, snapshot.hook);
        let mut seen = BTreeMap::new();
        // An allocator makes names of its own, and none of these.
        let configured = match code.allocator {
            Some(_) => 0,
            None => names.capacity().unwrap_or(0),
        };
        for index in 0..configured {
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
                let view = self.look_at_name(found, seen, taken, &mut hooks, &cleaning);
                let record = view.record.as_ref().filter(|_| !view.held);
                let left = record.and_then(|record| runs.of_name(&view.name, record));
                NameView { left, ..view }
            })
            .collect();
        View {
            pool: found.pool.clone(),
            capacity: names.capacity(),
            said_last: said_last.map(|said| Declared::of(said, &names)),
            names: views,
            waiters,
            code,
            hook,
            cleaning,
            is_set_up: life.is_set_up(),
            left: runs.of_pool(&life),
        }
    }

    /// `taken`: by the head of the queue, whose lease has not begun yet.
    fn look_at_name(
        &self,
        found: &Found,
        seen: NameSnapshot,
        taken: bool,
        hooks: &mut BTreeMap<String, Event>,
        cleaning: &[String],
    ) -> NameView {
        let lock = || found.dir.join(files::NAMES).join(files::lock(&seen.name));
        let is_locked = !found.is_on_server && self.locks.has(&lock());
        let held = taken || !seen.holders.is_empty() || is_locked;
        let hook = hooks.remove(&seen.name).filter(|_| held);
        let awaits_cleanup = match (&seen.record, held) {
            (Some(record), false) => awaits_cleanup(record, cleaning),
            _ => None,
        };
        NameView {
            awaits_cleanup,
            left: None,
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

/// The names as configured, or as tests said while these hold some; and the attribute that
/// says so, if it is none of theirs.
fn names_now(
    pool: &str,
    around: &Surroundings,
    declared: impl FnOnce() -> Result<Vec<Declaration>>,
    holders: &[&Holder],
) -> Result<(Names, Option<Declaration>)> {
    let names = around.pool(pool)?.names;
    if names.capacity().is_some() {
        return Ok((names, None));
    }
    let declared = declared()?;
    // Commands say nothing, and keep to what was said last.
    let runs: Vec<_> = holders
        .iter()
        .filter(|holder| !holder.file.is_empty())
        .map(|holder| &holder.run)
        .collect();
    let (said, is_live) = match runs.is_empty() {
        true => (Declaration::last(declared), false),
        false => {
            let of_live = declared
                .into_iter()
                .filter(|said| runs.contains(&&said.run));
            (Declaration::last(of_live), true)
        }
    };
    Ok(match said {
        Some(said) => (said.adopted_by(&names), (!is_live).then_some(said)),
        None => (names, None),
    })
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

impl Declared {
    fn of(said: Declaration, names: &Names) -> Self {
        Self {
            size: said.names(names).size(),
            run: said.run,
            place: said.place,
        }
    }
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
    let declared = match found.server(&Surroundings::look()?)? {
        Some(server) => server.declarations()?,
        None => sizes::all(&found.dir)?,
    };
    let declared = declared.into_iter();
    let declared = declared.filter(|declared| !declared.is_configured());
    Ok(declared.map(|said| Declared::of(said, &unsaid)).collect())
}

/// The executable of this process, for starting it again.
///
/// # Errors
///
/// If the system does not say which it is.
pub fn own_program() -> io::Result<PathBuf> {
    nm_os::own_program()
}

/// How a holder's process is.
pub fn process(holder: &Holder) -> ProcessState {
    nm_os::process_state(holder.pid, holder.pid_namespace)
}

/// How a process has ended that its parent has waited for, as `wait` told it, by a
/// descriptor of it that was opened before. `None` if that is unknown.
#[cfg(target_os = "linux")]
pub fn exit_status(process: std::os::fd::BorrowedFd<'_>) -> Option<i32> {
    nm_os::exit_status(process)
}

/// Microseconds since 1970, by the clock of records and journal.
pub fn now() -> u64 {
    clock::now()
}
