//! Worlds and sessions, for tests: stand-ins for machines and processes. The only file
//! that makes pools over memory.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::backend::Backend;
use crate::base::notice;
use crate::config::pool::{PoolConfig, SizeFrom};
use crate::memory::Memory;
use crate::memory::process::Process;
use crate::memory::world::Pools;
use crate::pool::Pool;
use crate::pool::opened::Opened;
use crate::terms::event::Event;
use crate::terms::names::Names;
use crate::terms::record::Record;

/// Pools in memory, shared by sessions.
#[derive(Clone, Debug)]
pub struct World(Arc<Pools>);

impl World {
    /// One without pools.
    #[allow(
        clippy::new_without_default,
        reason = "a world is no default of anything"
    )]
    pub fn new() -> Self {
        Self(Arc::new(Pools::new()))
    }

    /// A new session of this run.
    pub fn session(&self, run: &str) -> Session {
        Session {
            process: self.0.start(run),
            world: self.clone(),
            opened: Mutex::default(),
        }
    }

    /// A name's record; `None` if it was never lent.
    pub fn record(&self, pool: &str, name: &str) -> Option<Record> {
        let pool = self.0.known(pool)?;
        pool.lock().records.get(name).cloned()
    }

    /// The journal of a pool.
    pub fn events(&self, pool: &str) -> Vec<Event> {
        let pool = self.0.known(pool);
        pool.map_or(Vec::new(), |pool| pool.lock().journal.clone())
    }

    /// Whether this test waits, has seen the pool as it is now, and sleeps.
    pub fn is_parked(&self, test: &str) -> bool {
        let pools = self.0.all();
        pools.iter().any(|pool| {
            let state = pool.lock();
            let mut own = state.seats.iter().filter(|seat| seat.test == test);
            own.any(|seat| seat.parked)
        })
    }

    /// Removes a pool under its holders and waiters, as a user may remove a state
    /// directory.
    pub fn remove(&self, pool: &str) {
        self.0.remove(pool);
    }
}

/// Stands for a process: what its threads hold and wait for ends when it is killed.
#[derive(Debug)]
pub struct Session {
    world: World,
    process: Arc<Process>,
    opened: Mutex<Vec<Pool>>,
}

impl Session {
    /// The process id of its holders.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// The pool with this name, as it was first opened in this session: with this many
    /// names and this wait timeout.
    pub fn pool(&self, name: &str, max: Option<u32>, wait_timeout: Option<Duration>) -> Pool {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.iter().find(|known| known.name() == name) {
            return known.clone();
        }
        let config = PoolConfig {
            wait_timeout,
            ..config(name, max)
        };
        let pool = Pool {
            opened: Arc::new(self.open(name, config, self.backend(name))),
        };
        opened.push(pool.clone());
        pool
    }

    pub(crate) fn backend(&self, pool: &str) -> Arc<dyn Backend> {
        let pools = self.world.0.clone();
        Arc::new(Memory::new(pools, self.process.clone(), pool))
    }

    /// A pool over this backend that asks as this session.
    pub(crate) fn open(&self, name: &str, config: PoolConfig, backend: Arc<dyn Backend>) -> Opened {
        let opened = Opened::over(name.into(), config, backend);
        opened.asked_as(self.process.pid, &self.process.run)
    }

    /// Ends the session as SIGKILL ends a process: what it held is free when this
    /// returns, and its threads get nothing but errors.
    pub fn kill(&self) {
        self.world.0.kill(&self.process);
    }

    /// As SIGSTOP: none of its threads does anything in a pool when this returns.
    pub fn stop(&self) {
        self.world.0.stop(&self.process);
    }

    /// As SIGCONT.
    pub fn go_on(&self) {
        self.world.0.go_on(&self.process);
    }

    /// Does something as a process would: not while it is stopped, not half, and not
    /// once it is killed. False if it was killed.
    pub fn act(&self, deed: impl FnOnce()) -> bool {
        self.process.act(deed)
    }

    /// From here on the notices of the current thread are kept in [`Session::notices`].
    pub fn keep_notices(&self) {
        notice::keep(self.process.notices.clone());
    }

    /// The notices of the session's threads.
    pub fn notices(&self) -> String {
        let notices = self.process.notices.lock();
        notices.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A pool of this many names, or an unbounded one.
pub(crate) fn config(pool: &str, max: Option<u32>) -> PoolConfig {
    PoolConfig {
        server: None,
        names: Names::Numbered {
            template: format!("{pool}-{}", Names::INDEX),
            max,
        },
        wait_timeout: None,
        env: Arc::default(),
        // Nothing is kept anywhere.
        state_dir: PathBuf::new(),
        header: None,
        size_from: SizeFrom::Configuration,
        shared_by: None,
        hooks: None,
    }
}
