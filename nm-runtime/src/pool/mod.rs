//! What users call: a [`Pool`], a [`Request`], and what attributes expand to. May
//! import `life`, `lend` and what is below them; only `opened` knows a backend.

pub(crate) mod acquire;
pub(crate) mod again;
pub(crate) mod attribute;
mod environment;
#[cfg(feature = "tools")]
pub(crate) mod forget;
#[cfg(feature = "keys")]
pub(crate) mod key;
#[cfg(feature = "keys")]
pub(crate) mod keys;
pub(crate) mod opened;
pub(crate) mod request;
pub(crate) mod unbegun;
mod unbounded;
mod within_hook;

use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::Result;
use crate::lend::lease::Lease;
use crate::pool::opened::Opened;
use crate::pool::request::Request;
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
    pub(crate) opened: Arc<Opened>,
}

impl Pool {
    /// Opens a pool, as `Cargo.toml`, the environment and the attributes of this
    /// binary configure it; without any of these it is unbounded. The result is
    /// kept for the life of the process.
    ///
    /// # Errors
    ///
    /// If the name is not valid for a pool, the configuration is wrong, or the state
    /// directory cannot be used.
    pub fn open(pool: &str) -> Result<Self> {
        Self::open_for(pool, None)
    }

    /// Like [`Pool::open`], for a test compiled in the package of this directory.
    pub(crate) fn open_for(pool: &str, compiled_in: Option<&'static str>) -> Result<Self> {
        let opened = Opened::of(pool, compiled_in)?;
        Ok(Self { opened })
    }

    /// The pool's name.
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// Where its state lives.
    pub fn directory(&self) -> PathBuf {
        self.opened.config.pool_dir(&self.opened.name)
    }

    /// Whether it has, or may come to have, this name.
    pub fn has(&self, name: &str) -> bool {
        self.opened.config.names.index_of(name).is_some()
    }

    /// How many names it has; `None` if it is unbounded, and creates the next name
    /// whenever all are held.
    pub fn capacity(&self) -> Option<usize> {
        self.opened.config.names.capacity()
    }

    /// Takes a name from this pool, waiting while all are held.
    ///
    /// Blocks the thread. Waiters are served in arrival order, across threads and
    /// processes; the lowest free name is taken. If a holder dies, its name is
    /// offered to the first live waiter. A wait of more than a second is reported on
    /// standard error.
    ///
    /// # Errors
    ///
    /// If the pool's wait timeout passes (10 minutes unless configured), if waiting
    /// would never end (the thread already holds what it asks for, or the request is
    /// part of a deadlock cycle), or if the pool's directory cannot be used. No error
    /// leaves anything held.
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

    /// Takes a name if one is free now, without overtaking any waiter.
    ///
    /// Never waits for a name: if another process is just taking one from the
    /// pool it is given up to two milliseconds to finish. Hooks of the pool's
    /// [`Resource`](crate::Resource) take as long as they take, as for any lease,
    /// and its `setup` in another process is waited for.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`], except for timeout and deadlock.
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

    /// Like [`Pool::acquire`], but waits up to this long.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`]; [`Error::is_timeout`](crate::Error::is_timeout) if the time passes.
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Lease> {
        one(self.want().timeout(timeout).acquire_at(Location::caller()))
    }

    /// Asks for more than one name of any kind: see [`Request`].
    pub fn request(&self) -> Request {
        self.want()
    }

    fn want(&self) -> Request {
        Request::new(self.opened.clone(), Want::default())
    }
}

fn one(leases: Result<Vec<Lease>>) -> Result<Lease> {
    let lease = leases?.into_iter().next();
    Ok(lease.expect("a request for one name is granted one"))
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.opened.fmt(f)
    }
}
