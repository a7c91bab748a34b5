//! A pool as this process has opened it: its configuration and its backend. The only
//! place that chooses a backend.

use std::fmt;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use once_cell::sync::OnceCell;

use crate::backend::Backend;
use crate::base::error::Result;
use crate::base::{notice, suggest};
use crate::config::pool::{PoolConfig, SizeFrom, disagree};
use crate::config::variables;
use crate::config::workspace::{self, Workspace};
use crate::declared::registered::{self, Registered};
use crate::identity::{asker, run};
use crate::life::hooks::Hooks;
use crate::local::Local;
use crate::terms::decision::Decide;
use crate::terms::declaration::Declaration;
use crate::terms::holder::Holder;
use crate::terms::name::{self, Name};

/// What the handles of one pool in one process share.
pub(crate) struct Opened {
    pub(crate) name: Arc<str>,
    pub(crate) config: PoolConfig,
    pub(crate) backend: Arc<dyn Backend>,
    /// The pool's life, if this binary registers a resource for it.
    hooks: OnceCell<Option<Hooks>>,
    /// What decides on its names, if this binary registers that.
    allocator: OnceCell<Option<Box<dyn Decide>>>,
    /// The process and run that ask, if not this process.
    #[cfg(any(test, feature = "memory"))]
    asked_as: Option<(u32, String)>,
}

impl Opened {
    /// The pool of this name, for code compiled in the package of this directory.
    /// Opened once in a process.
    pub(crate) fn of(pool: &str, compiled_in: Option<&'static str>) -> Result<Arc<Self>> {
        type Key = (Arc<str>, Option<PathBuf>);
        type Pools = Vec<(Key, Arc<OnceCell<Arc<Opened>>>)>;
        static POOLS: Mutex<Pools> = Mutex::new(Vec::new());

        name::check_pool(pool)?;
        let dir = workspace::manifest_dir(compiled_in)?;
        let ((name, dir), opened) = {
            let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
            let mut known = pools.iter();
            match known.find(|((name, of), _)| **name == *pool && *of == dir) {
                Some(known) => known.clone(),
                None => {
                    let new = ((Arc::from(pool), dir), Arc::default());
                    pools.push(new.clone());
                    new
                }
            }
        };
        // Threads that open other pools meanwhile do not wait for this one's disk.
        let open = || Self::open(name, dir).map(Arc::new);
        opened.get_or_try_init(open).cloned()
    }

    fn open(pool: Arc<str>, manifest_dir: Option<PathBuf>) -> Result<Self> {
        let workspace = match manifest_dir {
            Some(dir) => Some(Workspace::of(&dir)?),
            None => None,
        };
        let mut config = PoolConfig::new(&pool, variables::get()?, workspace.as_ref())?;
        let backend = Local::open(&config.state_dir, &pool)?;
        agree(&pool, &mut config, &backend)?;
        if config.size_from == SizeFrom::Nowhere && config.names.capacity().is_none() {
            say_if_misspelt(&pool, workspace.as_ref());
        }
        Ok(Self::over(pool, config, Arc::new(backend)))
    }

    /// A pool over this backend.
    pub(crate) fn over(name: Arc<str>, config: PoolConfig, backend: Arc<dyn Backend>) -> Self {
        Self {
            name,
            config,
            backend,
            hooks: OnceCell::new(),
            allocator: OnceCell::new(),
            #[cfg(any(test, feature = "memory"))]
            asked_as: None,
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
        let hooks = Hooks::new(&self.name, &self.backend, registered);
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

    /// The pool's life. Made at the first lease, and not when the pool is merely
    /// opened: making it calls the user's code.
    pub(crate) fn hooks(&self) -> Result<Option<&Hooks>> {
        let find = || {
            let registered = Registered::find(&self.name)?;
            Ok(registered.map(|it| Hooks::new(&self.name, &self.backend, it)))
        };
        Ok(self.hooks.get_or_try_init(find)?.as_ref())
    }

    /// What decides on the pool's names, if not its list of them.
    pub(crate) fn allocator(&self) -> Result<Option<&dyn Decide>> {
        let find = || registered::allocator(&self.name);
        Ok(self.allocator.get_or_try_init(find)?.as_deref())
    }

    /// A name by its text. One that the configuration does not know any more has the
    /// place 0.
    pub(crate) fn name_of(&self, name: &str) -> Name {
        let index = self.config.names.index_of(name).unwrap_or(0);
        Name::new(&self.name, name, index, &self.config.env)
    }
}

impl fmt::Debug for Opened {
    /// As [`Pool`](crate::Pool) shows itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("names", &self.config.names.summary())
            .finish_non_exhaustive()
    }
}

/// Makes the configuration agree with what other binaries of this run said.
pub(crate) fn agree(pool: &str, config: &mut PoolConfig, backend: &dyn Backend) -> Result<()> {
    let run = run::id()?;
    match &config.size_from {
        SizeFrom::Configuration => Ok(()),
        SizeFrom::Nowhere => {
            if let Some(theirs) = backend.declare(run, None)? {
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
                    &said.size(),
                    &theirs.place,
                    &config.names.size(),
                    place,
                )),
            }
        }
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
