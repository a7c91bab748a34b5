pub(crate) mod attribute;
pub(crate) mod request;

use std::panic::Location;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::base::error::Result;
use crate::base::{notice, suggest};
use crate::config::place;
use crate::config::pool::{PoolConfig, SizeFrom};
use crate::config::variables;
use crate::config::workspace::{self, Workspace};
use crate::declared::registered::{self, Registered};
use crate::lend::lease::Lease;
use crate::life::hooks::Hooks;
use crate::local::dir::PoolDir;
use crate::local::sizes;
use crate::pool::request::Request;
use crate::terms::decision::Decide;
use crate::terms::name;
use crate::terms::want::Want;

/// A family of interchangeable resources. Cheap to clone; all handles of one
/// pool in all processes share its names.
///
/// Waiters are served in arrival order, across threads and processes; see
/// [`Pool::acquire`].
///
/// ```
/// use name_manager::Pool;
///
/// # fn main() -> Result<(), name_manager::Error> {
/// let pool = Pool::open("pool-doc")?;
/// let lease = pool.acquire()?;
/// println!("this is ours until it drops: {lease}");
/// # assert_eq!(&**lease, "pool-doc-0");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
}

/// What the handles of one pool in one process share.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) config: PoolConfig,
    /// The pool's life, if this binary registers a resource for it.
    hooks: OnceCell<Option<Hooks>>,
    /// What decides on its names, if this binary registers that.
    allocator: OnceCell<Option<Box<dyn Decide>>>,
    /// Replaced when somebody removed the directory.
    dir: Mutex<Option<Arc<PoolDir>>>,
}

impl Pool {
    /// Opens a pool, as `Cargo.toml`, the environment and the attributes of this
    /// binary configure it; without any of these it is unbounded. The result is
    /// kept for the life of the process.
    ///
    /// # Errors
    ///
    /// When the name is no pool's name, the configuration is wrong, or the state
    /// directory cannot be used.
    pub fn open(pool: &str) -> Result<Self> {
        Self::open_for(pool, None)
    }

    /// Like [`Pool::open`], for a test compiled in the package of this directory.
    pub(crate) fn open_for(pool: &str, compiled_in: Option<&'static str>) -> Result<Self> {
        type Key = (String, Option<PathBuf>);
        static POOLS: Mutex<Vec<(Key, Arc<Shared>)>> = Mutex::new(Vec::new());

        name::check_pool(pool)?;
        let manifest_dir = workspace::manifest_dir(compiled_in)?;
        let key = (pool.to_owned(), manifest_dir);
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shared)) = pools.iter().find(|(known, _)| *known == key) {
            return Ok(Self {
                shared: shared.clone(),
            });
        }
        let workspace = match &key.1 {
            Some(dir) => Some(Workspace::of(dir)?),
            None => None,
        };
        let mut config = PoolConfig::new(pool, variables::get()?, workspace.as_ref())?;
        let dir = PoolDir::open(&config.state_dir, pool)?;
        sizes::agree(pool, &mut config, &dir)?;
        if config.size_from == SizeFrom::Nowhere && config.names.capacity().is_none() {
            say_if_misspelt(pool, workspace.as_ref());
        }
        let shared = Arc::new(Shared {
            name: pool.into(),
            config,
            hooks: OnceCell::new(),
            allocator: OnceCell::new(),
            dir: Mutex::new(Some(dir)),
        });
        pools.push((key, shared.clone()));
        Ok(Self { shared })
    }

    /// The pool's name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Where its state lives.
    pub fn directory(&self) -> PathBuf {
        place::pool_dir(&self.shared.config.state_dir, &self.shared.name)
    }

    /// Whether it has, or may come to have, this name.
    pub fn has(&self, name: &str) -> bool {
        self.shared.config.names.index_of(name).is_some()
    }

    /// How many names it has; nothing when it mints the next name whenever all
    /// are held.
    pub fn capacity(&self) -> Option<usize> {
        self.shared.config.names.capacity()
    }

    /// Takes a name from this pool, waiting while all are held.
    ///
    /// Blocks the thread. Waiters are served in arrival order, across threads and
    /// processes; the lowest free name is taken. If a holder dies, its name is
    /// offered to the first live waiter. A wait of more than a second is told on
    /// standard error.
    ///
    /// # Errors
    ///
    /// When the pool's wait timeout passes (10 minutes unless configured), when
    /// waiting can never end (the thread asks for what it holds itself, or holders
    /// wait for each other in a circle), or when the pool's directory cannot be
    /// used. No error leaves anything held.
    ///
    /// ```
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = name_manager::Pool::open("acquire-doc")?;
    /// let first = pool.acquire()?;
    /// let second = pool.acquire()?;
    /// assert_ne!(first.name(), second.name());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> Result<Lease> {
        one(self.want().acquire_at(Location::caller()))
    }

    /// Takes a name if one can be had now, without overtaking anybody who waits.
    ///
    /// Never waits for a name: when another process is just taking one from the
    /// pool it is given up to two milliseconds to finish. Hooks of the pool's
    /// [`Resource`](crate::Resource) take as long as they take, as for any lease,
    /// and its `setup` in another process is waited for.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`], but for time and deadlock.
    ///
    /// ```
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = name_manager::Pool::open("try-acquire-doc")?;
    /// if let Some(lease) = pool.try_acquire()? {
    ///     println!("{lease} was free");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Option<Lease>> {
        let leases = self.want().try_acquire_at(Location::caller())?;
        Ok(leases.and_then(|leases| leases.into_iter().next()))
    }

    /// Like [`Pool::acquire`], waiting at most so long.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`]; [`Error::is_timeout`](crate::Error::is_timeout) when the time is over.
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Lease> {
        one(self.want().timeout(timeout).acquire_at(Location::caller()))
    }

    /// Asks for more than one name of any kind: see [`Request`].
    pub fn request(&self) -> Request {
        self.want()
    }

    fn want(&self) -> Request {
        Request::new(self.clone(), Want::default())
    }
}

/// A pool without end that looks like a configured one: its tests are perhaps not
/// kept apart as somebody meant them to be.
fn say_if_misspelt(pool: &str, workspace: Option<&Workspace>) {
    let Some(workspace) = workspace else {
        return;
    };
    let configured = workspace.manifest.pools();
    let configured: Vec<_> = configured.map(|table| table.pool.as_str()).collect();
    if configured.contains(&pool) {
        return;
    }
    if let Some(near) = suggest::nearest_word(pool, &configured) {
        notice::say(&format!(
            "pool `{pool}` has no limit, since nothing says `max` or `names` for it; `Cargo.toml` configures `{near}`: is one of the two misspelt? If both are meant, give `{pool}` a table there, too; it may be empty\n"
        ));
    }
}

fn one(leases: Result<Vec<Lease>>) -> Result<Lease> {
    let lease = leases?.into_iter().next();
    Ok(lease.expect("a request for one name is granted one"))
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.shared.name)
            .field("names", &self.shared.config.names.summary())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The pool's life. Made at the first lease, and not when the pool is merely
    /// opened: making it calls the user's code.
    pub(crate) fn hooks(&self) -> Result<Option<&Hooks>> {
        let find = || Ok(Registered::find(&self.name)?.map(Hooks::new));
        Ok(self.hooks.get_or_try_init(find)?.as_ref())
    }

    /// What decides on the pool's names, if not its list of them.
    pub(crate) fn allocator(&self) -> Result<Option<&dyn Decide>> {
        let find = || registered::allocator(&self.name);
        Ok(self.allocator.get_or_try_init(find)?.as_deref())
    }

    /// The pool's directories, opened where this process has not.
    pub(crate) fn dir(&self) -> Result<Arc<PoolDir>> {
        let mut dir = self.dir.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = &*dir
            && dir.pid == std::process::id()
        {
            return Ok(dir.clone());
        }
        let opened = PoolDir::open(&self.config.state_dir, &self.name)?;
        Ok(dir.insert(opened).clone())
    }

    /// Forgets directories that were removed or replaced.
    pub(crate) fn forget_dir(&self, stale: &Arc<PoolDir>) {
        let mut dir = self.dir.lock().unwrap_or_else(PoisonError::into_inner);
        if dir.as_ref().is_some_and(|dir| Arc::ptr_eq(dir, stale)) {
            *dir = None;
        }
    }
}
