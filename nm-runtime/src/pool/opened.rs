//! A pool as this process has opened it: its configuration and its backend. The only
//! place that chooses a backend.

use std::fmt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use nm_words::key;
use once_cell::sync::OnceCell;

use crate::backend::Backend;
use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::base::{notice, suggest};
use crate::command::commands::{Commands, refuse_both};
use crate::config::place;
use crate::config::pool::{PoolConfig, SizeFrom, disagree};
use crate::config::surroundings::Surroundings;
use crate::config::variables;
use crate::config::workspace::Package;
use crate::declared::registered::{Registered, RegisteredAllocator};
use crate::declared::resource::boxed;
use crate::identity::{asker, run};
use crate::life::hooks::Hooks;
use crate::life::membership::Membership;
use crate::life::standby::Address;
use crate::local::{Local, own};
#[cfg(all(unix, feature = "server"))]
use crate::remote::Remote;
use crate::terms::declaration::Declaration;
use crate::terms::holder::Holder;
use crate::terms::name::{self, Name};
use crate::terms::names::Names;
use crate::terms::record::Tenure;

type Key = (Arc<str>, Package);
type Pools = Vec<(Key, Arc<OnceCell<Arc<Opened>>>)>;

/// Those that this process has opened.
static POOLS: Mutex<Pools> = Mutex::new(Vec::new());

/// Says that this process, which holds no name any more, has come to the end of its run: what
/// is to be done then need not wait for the end of the process.
#[cfg(feature = "tools")]
pub fn leave_pools() {
    for (_, opened) in &*POOLS.lock().unwrap_or_else(PoisonError::into_inner) {
        let opened = opened.get();
        if let Some(Some(hooks)) = opened.and_then(|opened| opened.hooks.get()) {
            hooks.leave();
        }
    }
}

/// What the handles of one pool in one process share.
pub(crate) struct Opened {
    pub(crate) name: Arc<str>,
    pub(crate) config: PoolConfig,
    pub(crate) backend: Arc<dyn Backend>,
    /// The package whose workspace configures it; `None` for a pool that no other process
    /// can open.
    package: Option<Package>,
    /// The pool's hooks: of the resource that this binary registers for it, or commands.
    hooks: OnceCell<Option<Hooks>>,
    /// The pool's allocator, if this binary registers one.
    allocator: OnceCell<Option<RegisteredAllocator>>,
    /// The process's membership of the run, in a pool with an allocator and no hooks.
    membership: OnceCell<Membership>,
    /// The process and run that ask, if not this process.
    #[cfg(any(test, feature = "memory"))]
    asked_as: Option<(u32, String)>,
    /// Whether a user was told that nothing limits it.
    pub(crate) warned_unbounded: AtomicBool,
}

impl Opened {
    /// The pool with this name, for code compiled in the package of this directory.
    /// Opened once in a process.
    pub(crate) fn of(pool: &str, compiled_in: Option<&'static str>) -> Result<Arc<Self>> {
        name::check_pool(pool)?;
        let package = Package::find(compiled_in)?;
        let ((name, package), opened) = {
            let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
            let mut known = pools.iter();
            match known.find(|((name, of), _)| **name == *pool && *of == package) {
                Some(known) => known.clone(),
                None => {
                    let new = ((Arc::from(pool), package), Arc::default());
                    pools.push(new.clone());
                    new
                }
            }
        };
        // Threads that open other pools meanwhile do not wait for this one's files.
        let open = || Self::open(name, package, None).map(Arc::new);
        opened.get_or_try_init(open).cloned()
    }

    /// The pool as another process of the run has opened it, to clean up after that.
    pub(crate) fn again(pool: &str, address: Address) -> Result<Self> {
        let package = address.package.map_or(Package::None, Package::In);
        Self::open(pool.into(), package, Some(address.state_dir))
    }

    fn open(pool: Arc<str>, package: Package, state_dir: Option<PathBuf>) -> Result<Self> {
        let around = Surroundings::of(&package)?;
        let mut config = around.pool(&pool)?;
        let cleans_up = state_dir.is_some();
        if let Some(state_dir) = state_dir {
            config.state_dir = state_dir;
        }
        // A word of a command line, which nothing else has. Somebody meant one that is used.
        if caller::get().is_some()
            && config.server.is_none()
            && is_unbounded(&pool, &config)
            && !place::pool_dir(&config.state_dir, &pool).is_dir()
        {
            refuse_misspelt(&pool, &around)?;
        }
        let backend = choose(&pool, &config, cleans_up)?;
        agree(&pool, &mut config, &*backend)?;
        if let Some(place) = &config.shared_by {
            warn_if_others_differ(&pool, &config.names, place, &*backend)?;
        }
        let unbounded = is_unbounded(&pool, &config);
        let warned = unbounded && warn_if_misspelt(&pool, &around);
        if let Some((found, meant)) = around.misspelt_variable(&pool) {
            notice::say(&format!(
                "variable {found} is about a pool that neither Cargo.toml nor this program knows; is pool `{pool}` meant? Then write {meant}\n"
            ));
        } else if unbounded && !warned {
            warn_if_another_is_sized(&pool, &around, &config);
        }
        Ok(Self {
            package: Some(package),
            warned_unbounded: AtomicBool::new(warned),
            ..Self::over(pool, config, backend)
        })
    }

    /// A pool over this backend.
    pub(crate) fn over(name: Arc<str>, config: PoolConfig, backend: Arc<dyn Backend>) -> Self {
        Self {
            name,
            config,
            backend,
            package: None,
            hooks: OnceCell::new(),
            allocator: OnceCell::new(),
            membership: OnceCell::new(),
            #[cfg(any(test, feature = "memory"))]
            asked_as: None,
            warned_unbounded: AtomicBool::new(false),
        }
    }

    /// The pool as one of another process, in that run.
    #[cfg(any(test, feature = "memory"))]
    pub(crate) fn asked_as(mut self, pid: u32, run: &str) -> Self {
        self.asked_as = Some((pid, run.to_owned()));
        self
    }

    /// The pool with a resource that no attribute registers.
    #[cfg(test)]
    pub(crate) fn with_resource(self, registered: Registered) -> Self {
        let address = Address {
            package: None,
            state_dir: self.config.state_dir.clone(),
        };
        let hooks = Hooks::new(&self.name, &self.backend, Some(address), registered);
        Self {
            hooks: OnceCell::with_value(Some(hooks)),
            ..self
        }
    }

    /// The current thread, which asks from this place.
    pub(crate) fn asker(&self, place: &Location<'_>) -> Result<Holder> {
        #[cfg(any(test, feature = "memory"))]
        if let Some((pid, run)) = &self.asked_as {
            return Ok(asker::of(*pid, run, place));
        }
        asker::current(place)
    }

    /// The pool's hooks, if it has some. Made for the first lease, and not when the
    /// pool is merely opened: making them calls user code.
    pub(crate) fn hooks(&self) -> Result<Option<&Hooks>> {
        let find = || {
            let registered = match (Registered::find(&self.name)?, &self.config.hooks) {
                (Some(registered), None) => registered,
                (Some(registered), Some(table)) => {
                    let place = registered.code().place;
                    return Err(refuse_both(&self.name, table, &place));
                }
                (None, Some(table)) => {
                    let commands =
                        Commands::new(&self.name, table, &self.config.env, &self.backend);
                    Registered::new(&self.name, table.code(), boxed(commands))
                }
                (None, None) => return Ok(None),
            };
            Ok(Some(Hooks::new(
                &self.name,
                &self.backend,
                self.address(),
                registered,
            )))
        };
        Ok(self.hooks.get_or_try_init(find)?.as_ref())
    }

    /// How the reaper finds the pool; `None` if no other process can.
    fn address(&self) -> Option<Address> {
        self.package.as_ref().map(|package| Address {
            package: package.dir().map(Path::to_owned),
            state_dir: self.config.state_dir.clone(),
        })
    }

    /// The process's membership of the run, for a pool without hooks.
    pub(crate) fn membership(&self) -> &Membership {
        let new = || Membership::new(&self.name, &self.backend, self.address());
        self.membership.get_or_init(new)
    }

    /// Whether anything is to be done when a run ends.
    pub(crate) fn needs_reaper(&self) -> Result<bool> {
        Ok(self.hooks()?.is_some() || self.allocator()?.is_some())
    }

    /// The pool's allocator, if it has one.
    pub(crate) fn allocator(&self) -> Result<Option<&RegisteredAllocator>> {
        let find = || RegisteredAllocator::find(&self.name);
        Ok(self.allocator.get_or_try_init(find)?.as_ref())
    }

    /// The name that belongs to this process. In a pool that is configured to have fewer
    /// names than there are processes, some share one.
    pub(crate) fn own_name(&self) -> Result<String> {
        let number = own::number(&self.config.state_dir)?;
        let capacity = self.config.names.capacity().unwrap_or(usize::MAX);
        let name = self.config.names.get(number % capacity.max(1));
        Ok(name.expect("below the capacity").into_owned())
    }

    /// Whether this binary registers an allocator for the pool.
    pub(crate) fn has_allocator(&self) -> bool {
        RegisteredAllocator::place(&self.name).is_some()
    }

    /// A name by its text. One that is no longer in the configuration has index 0.
    pub(crate) fn name_of(&self, name: &str) -> Name {
        let index = self.config.names.index_of(name).unwrap_or(0);
        Name::new(&self.name, name, index, &self.config.env)
    }
}

impl fmt::Debug for Opened {
    /// As for [`Pool`](crate::Pool).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("names", &self.config.names.summary())
            .finish_non_exhaustive()
    }
}

/// The backend of a pool with this configuration. `cleans_up`: nothing is made again that was
/// removed.
fn choose(pool: &Arc<str>, config: &PoolConfig, cleans_up: bool) -> Result<Arc<dyn Backend>> {
    #[cfg(all(unix, feature = "server"))]
    if let Some(server) = &config.server {
        let place = match (&config.size_from, &config.header) {
            (SizeFrom::Attribute(place), _) => place.clone(),
            (_, Some(header)) => header.clone(),
            (_, None) => "the environment".to_owned(),
        };
        let program = variables::get()?.program.clone();
        let agent_dir = config.state_dir.clone();
        let remote = Remote::new(agent_dir, server, program, pool, place);
        return Ok(Arc::new(remote));
    }
    let mut backend = Local::open(&config.state_dir, pool)?;
    if cleans_up {
        backend = backend.and_stays_removed();
    }
    Ok(Arc::new(backend))
}

/// Makes the configuration agree with what other binaries of this run said.
pub(crate) fn agree(pool: &str, config: &mut PoolConfig, backend: &dyn Backend) -> Result<()> {
    let run = run::id()?;
    match &config.size_from {
        SizeFrom::Configuration => Ok(()),
        SizeFrom::Nowhere => {
            let theirs = match backend.declare(run, None)? {
                // A command has no attributes, and keeps to what tests said last: their limit
                // is meant for whoever uses the resource.
                None if caller::get().is_some() => Declaration::last(backend.declarations()?),
                theirs => theirs,
            };
            if let Some(theirs) = theirs {
                config.names = theirs.adopted_by(&config.names);
            }
            Ok(())
        }
        SizeFrom::Attribute(place) => {
            let ours = Declaration::of(run, place, &config.names);
            let Some(theirs) = backend.declare(run, Some(&ours))? else {
                return Ok(());
            };
            let said = theirs.names(&config.names);
            match said == config.names {
                true => Ok(()),
                false => Err(disagree(
                    pool,
                    config.header.as_deref(),
                    [&said.size(), &theirs.place],
                    [&config.names.size(), place],
                )),
            }
        }
    }
}

/// Whether nothing says how many names the pool has.
fn is_unbounded(pool: &str, config: &PoolConfig) -> bool {
    config.size_from == SizeFrom::Nowhere
        && config.names.capacity().is_none()
        && key::attribute_of(pool).is_none()
}

/// The configured pool that may be meant by a name that no configured one has.
fn meant<'a>(pool: &str, around: &'a Surroundings) -> Option<&'a str> {
    let configured = around.configured();
    let configured: Vec<_> = configured.iter().map(|table| table.pool.as_str()).collect();
    match configured.contains(&pool) {
        true => None,
        false => suggest::nearest_word(pool, &configured),
    }
}

/// Refuses an unbounded pool that may be a configured one misspelt: the limit of that is to
/// be kept.
fn refuse_misspelt(pool: &str, around: &Surroundings) -> Result<()> {
    match meant(pool, around) {
        None => Ok(()),
        Some(near) => Err(Error::config(format!(
            "pool `{pool}` is neither configured nor used, and nothing would limit it; is `{near}` meant, which `{}` configures? If not, give `{pool}` a table there too, which may be empty, or set {}",
            around.file(),
            variables::variable(pool, "MAX")
        ))),
    }
}

/// Warns of an unbounded pool whose name is like that of a configured one: its tests
/// may not be kept apart as intended. Returns whether it did.
fn warn_if_misspelt(pool: &str, around: &Surroundings) -> bool {
    let near = meant(pool, around);
    if let Some(near) = near {
        notice::say(&format!(
            "pool `{pool}` is unbounded, since neither `max` nor `names` is set for it; `{}` configures `{near}`: is one of the two misspelt? If both are intended, give `{pool}` a table there too; it may be empty\n",
            around.file()
        ));
    }
    near.is_some()
}

/// Warns of an unbounded pool where a variable gives a size to one that nobody knows or has
/// used: that may be the limit which this one lacks.
fn warn_if_another_is_sized(pool: &str, around: &Surroundings, config: &PoolConfig) {
    let used = place::used(&config.state_dir);
    if let Some(found) = around.size_of_none(pool, &used) {
        let meant = variables::variable(pool, "MAX");
        notice::say(&format!(
            "pool `{pool}` is unbounded, and variable {found} is about a pool that neither Cargo.toml nor this program knows and nobody has used here; is `{pool}` meant? Then write {meant}\n"
        ));
    }
}

/// Warns of another checkout that shares the directory but configures the pool
/// differently: then neither keeps the limit of the other.
fn warn_if_others_differ(
    pool: &str,
    names: &Names,
    place: &str,
    backend: &dyn Backend,
) -> Result<()> {
    let run = run::id()?;
    backend.declare(run, Some(&Declaration::configured(run, place, names)))?;
    let mut others = backend.declarations()?;
    others.retain(|other| other.run != run && other.is_configured() && other.differs_from(names));
    if others.is_empty() {
        return Ok(());
    }
    // Runs that are over are no longer in the way.
    let snapshot = backend.snapshot(backend.key())?.unwrap_or_default();
    for name in &snapshot.names {
        for Tenure { holder, .. } in &name.holders {
            if let Some(other) = others.iter().find(|other| other.run == holder.run) {
                notice::say(&format!(
                    "pool `{pool}` is shared at `{}` by two that configure it differently: {} ({}), and {} ({}), of which `{}` holds a name now; say the same in both, or give them pools of their own\n",
                    backend.key(),
                    other.place,
                    other.names(names).size(),
                    place,
                    names.size(),
                    holder.test
                ));
                return Ok(());
            }
        }
    }
    Ok(())
}
