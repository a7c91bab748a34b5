use std::panic::Location;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::ask::GivenName;
use crate::base::error::{Error, Result};
use crate::lend::lease::Lease;
use crate::pool::acquire;
use crate::pool::acquire::Checked;
use crate::pool::environment::{self, Setting};
use crate::pool::opened::Opened;
use crate::terms::access::Access;
use crate::terms::want::{Amount, Want};

/// A request to a pool: how many names, which, and with what access.
///
/// ```
/// use name_manager::{Access, Pool};
///
/// # fn main() -> Result<(), name_manager::Error> {
/// let pool = Pool::open("request-doc")?;
/// let both = pool.request().count(2).acquire()?;
/// assert_eq!(both.len(), 2);
/// drop(both);
///
/// let readers: Vec<_> = (0..3)
///     .map(|_| {
///         let pool = pool.clone();
///         std::thread::spawn(move || {
///             let shared = pool.request().access(Access::Shared).name("request-doc-1");
///             shared.acquire()
///         })
///     })
///     .collect();
/// for reader in readers {
///     assert_eq!(reader.join().unwrap()?[0].name(), "request-doc-1");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request asks for nothing until `acquire` or `try_acquire`"]
pub struct Request {
    pool: Arc<Opened>,
    want: Want,
}

impl Request {
    pub(crate) fn new(pool: Arc<Opened>, want: Want) -> Self {
        Self { pool, want }
    }

    /// Exclusive (the default) or shared. Readers share one name where they can,
    /// so that the others stay free; a waiting exclusive request holds back
    /// readers that come after it.
    pub fn access(mut self, access: Access) -> Self {
        self.want.access = access;
        self
    }

    /// How many names at once; the default is 1.
    pub fn count(mut self, count: u32) -> Self {
        self.want.amount = Amount::Count(count);
        self
    }

    /// The whole pool at once. It must be bounded.
    pub fn all(mut self) -> Self {
        self.want.amount = Amount::All;
        self
    }

    /// This name and no other. Waiting for it does not hold back requests that would
    /// take any other name.
    pub fn name(mut self, name: &str) -> Self {
        self.want.name = Some(name.to_owned());
        self
    }

    /// Waits up to this long, instead of the pool's wait timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.want.timeout = Some(timeout);
        self
    }

    /// How people see the holder, in messages and in `name-manager status`, instead of as
    /// the test: for a thread that a test starts, say, which does not know its test.
    ///
    /// ```
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = name_manager::Pool::open("label-doc")?;
    /// let worker = std::thread::spawn(move || pool.request().label("orders, worker 1").acquire());
    /// let lease = worker.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.want.label = Some(label.into());
        self
    }

    /// Sets the variables of what is lent ([`Name::envs`](crate::Name::envs)) in this
    /// process, for code under test that reads its environment. Several names of one pool
    /// are separated by commas.
    ///
    /// A variable that was set already is overwritten. All of them stay until the process
    /// ends, also after the lease, and processes started from now on inherit them.
    ///
    /// The environment belongs to the whole process, and must not change while another
    /// thread may read it. So this works only in a process that was started for one test
    /// (`--exact` and its name, as nextest starts them), on the test's own thread, while
    /// there is no other: not in an async test on a runtime of several threads, nor after
    /// the pool's hooks have left a thread behind. Under `cargo test` give the code under
    /// test its settings as values instead: see [`Name::env`](crate::Name::env).
    ///
    /// # Errors
    ///
    /// What acquires returns them, and nothing stays held: if this process may run other
    /// tests or has other threads; if the pool has no variables; if one of them is set for
    /// another lease that is not over, or by another pool of the same
    /// [`acquire_all`](Request::acquire_all). On Unix without `/proc` threads cannot be
    /// counted, so that it always fails.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = name_manager::Pool::open("db")?;
    /// let leases = pool.request().set_env().acquire()?;
    /// assert_eq!(std::env::var("DATABASE_URL").ok(), leases[0].env("DATABASE_URL"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_env(mut self) -> Self {
        self.want.set_env = true;
        self
    }

    /// Takes all that was asked for, waiting until all of it is free at once.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`](crate::Pool::acquire); also if the pool has fewer names
    /// than asked for, or no name of this text.
    #[track_caller]
    pub fn acquire(self) -> Result<Vec<Lease>> {
        self.acquire_at(Location::caller())
    }

    /// Takes all that was asked for if it is free now.
    ///
    /// # Errors
    ///
    /// As [`Pool::try_acquire`](crate::Pool::try_acquire).
    #[track_caller]
    pub fn try_acquire(self) -> Result<Option<Vec<Lease>>> {
        self.try_acquire_at(Location::caller())
    }

    /// Takes what several requests ask for, one after the other, in an order that all
    /// callers keep, so that no two of them wait for each other; scarce pools last, so
    /// that they are not held while waiting for others. Returns the leases in the order
    /// of the requests.
    ///
    /// # Errors
    ///
    /// As [`Request::acquire`]; nothing stays held.
    #[track_caller]
    pub fn acquire_all(requests: Vec<Self>) -> Result<Vec<Vec<Lease>>> {
        Self::acquire_all_at(requests, Location::caller())
    }

    pub(crate) fn acquire_all_at(
        requests: Vec<Self>,
        place: &Location<'_>,
    ) -> Result<Vec<Vec<Lease>>> {
        let setting = Self::setting(&requests)?;
        let mut by_request: Vec<_> = requests.iter().map(|_| Vec::new()).collect();
        let mut requests: Vec<_> = requests.into_iter().enumerate().collect();
        let order = |(_, request): &(usize, Self)| {
            let scarcity = usize::MAX - request.pool.config.names.capacity().unwrap_or(usize::MAX);
            (scarcity, request.pool.name.to_string())
        };
        while let Some(next) = (0..requests.len()).min_by_key(|at| order(&requests[*at])) {
            let (index, request) = requests.remove(next);
            let checked = request.check()?;
            by_request[index] = acquire::acquire(&request.pool, &request.want, checked, place)?;
        }
        if let Some(setting) = setting {
            setting.set(&by_request)?;
        }
        Ok(by_request)
    }

    pub(crate) fn acquire_at(self, place: &Location<'_>) -> Result<Vec<Lease>> {
        let setting = Self::setting(slice::from_ref(&self))?;
        let checked = self.check()?;
        let leases = acquire::acquire(&self.pool, &self.want, checked, place)?;
        if let Some(setting) = setting {
            setting.set(slice::from_ref(&leases))?;
        }
        Ok(leases)
    }

    pub(crate) fn try_acquire_at(self, place: &Location<'_>) -> Result<Option<Vec<Lease>>> {
        let setting = Self::setting(slice::from_ref(&self))?;
        let checked = self.check()?;
        let leases = acquire::try_acquire(&self.pool, &self.want, checked, place)?;
        if let (Some(setting), Some(leases)) = (setting, &leases) {
            setting.set(slice::from_ref(leases))?;
        }
        Ok(leases)
    }

    /// What is to be set once all of them are granted; an error if it cannot be.
    fn setting(requests: &[Self]) -> Result<Option<Setting>> {
        if !requests.iter().any(|request| request.want.set_env) {
            return Ok(None);
        }
        let pool = |request: &'_ Self| request.want.set_env.then(|| request.pool.clone());
        environment::check(requests.iter().map(pool).collect()).map(Some)
    }

    /// Checks this against the pool; an error if the pool can never grant it.
    fn check(&self) -> Result<Checked<'_>> {
        let (names, pool, want) = (&self.pool.config.names, &self.pool.name, &self.want);
        if self.pool.allocator()?.is_some() {
            return match (want.access, want.amount, &want.name) {
                (Access::Exclusive, Amount::Count(1), None) => Ok(Checked {
                    count: 1,
                    given: None,
                }),
                _ => Err(Error::config(format!(
                    "pool `{pool}` has an allocator, which grants one name at a time, exclusively; ask it for that"
                ))),
            };
        }
        let given = match &want.name {
            Some(name) => Some(self.given(name)?),
            None => None,
        };
        let count = match (want.amount, names.capacity()) {
            (Amount::Count(0), _) => Err(Error::config(format!(
                "asked pool `{pool}` for 0 names; expected at least 1"
            ))),
            (Amount::Count(count), Some(capacity)) if count as usize > capacity => {
                Err(Error::config(format!(
                    "asked pool `{pool}` for {count} names; it has {capacity} ({}): ask for fewer, or give it more",
                    names.summary()
                )))
            }
            (Amount::Count(count), _) => Ok(count as usize),
            (Amount::All, Some(capacity)) => Ok(capacity),
            (Amount::All, None) => Err(Error::config(format!(
                "cannot acquire all of unbounded pool `{pool}`; give it `max` or `names`"
            ))),
        };
        Ok(Checked {
            count: count?,
            given,
        })
    }

    fn given<'a>(&'a self, name: &'a str) -> Result<GivenName<'a>> {
        let (names, pool) = (&self.pool.config.names, &self.pool.name);
        let Some(index) = names.index_of(name) else {
            return Err(Error::config(format!(
                "pool `{pool}` has no name `{}`; it has {}: ask for one that it has, or change the pool's size",
                name.escape_debug(),
                names.summary()
            )));
        };
        if self.want.amount != Amount::Count(1) {
            return Err(Error::config(format!(
                "asked pool `{pool}` for the name `{name}` and for several; ask for one of the two"
            )));
        }
        Ok(GivenName { index, name })
    }
}
