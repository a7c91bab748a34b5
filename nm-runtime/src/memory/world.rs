use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::memory::process::{Process, Status};
use crate::memory::wait::Shared;

/// Pools, and the processes that share them: what a state directory and a machine
/// are to the local backend.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Distinguishes its pools from those of other worlds.
    number: u64,
    pools: Mutex<BTreeMap<String, Arc<Shared>>>,
    processes: Mutex<Vec<Arc<Process>>>,
}

impl Pools {
    pub(crate) fn new() -> Self {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        Self {
            number: WORLDS.fetch_add(1, Ordering::Relaxed),
            pools: Mutex::default(),
            processes: Mutex::default(),
        }
    }

    /// Ids are unique across worlds: the tokens of threads are made of them.
    pub(crate) fn start(&self, run: &str) -> Arc<Process> {
        static PROCESSES: AtomicU32 = AtomicU32::new(1);
        let pid = PROCESSES.fetch_add(1, Ordering::Relaxed);
        let process = Arc::new(Process::new(pid, run));
        lock(&self.processes).push(process.clone());
        process
    }

    pub(crate) fn is_alive(&self, pid: u32) -> bool {
        let processes = lock(&self.processes);
        let mut own = processes.iter().filter(|process| process.pid == pid);
        own.any(|process| process.status() != Status::Killed)
    }

    /// The pool's key among all pools of all backends.
    pub(crate) fn key(&self, pool: &str) -> String {
        format!("memory {}: {pool}", self.number)
    }

    /// The pool with this name, created if missing.
    pub(crate) fn pool(&self, pool: &str) -> Arc<Shared> {
        let mut pools = lock(&self.pools);
        let known = pools.entry(pool.to_owned());
        let shared = known.or_insert_with(|| Arc::new(Shared::new(self.key(pool))));
        shared.clone()
    }

    pub(crate) fn known(&self, pool: &str) -> Option<Arc<Shared>> {
        lock(&self.pools).get(pool).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Shared>> {
        lock(&self.pools).values().cloned().collect()
    }

    pub(crate) fn by_key(&self, key: &str) -> Option<Arc<Shared>> {
        self.all().into_iter().find(|shared| shared.key == key)
    }

    pub(crate) fn remove(&self, pool: &str) {
        let removed = lock(&self.pools).remove(pool);
        if let Some(removed) = removed {
            removed.lock().remove();
        }
    }

    /// Ends a process and all that it holds; returns when others can have that.
    pub(crate) fn kill(&self, process: &Process) {
        process.set(Status::Killed);
        for pool in self.all() {
            pool.lock().end_process(process.pid);
        }
    }

    /// Stops a process; returns when none of its threads does anything in a pool.
    pub(crate) fn stop(&self, process: &Process) {
        process.set(Status::Stopped);
        // A thread that was just looking has looked.
        self.all().iter().for_each(|pool| drop(pool.lock()));
    }

    pub(crate) fn go_on(&self, process: &Process) {
        process.set(Status::Running);
        for pool in self.all() {
            pool.lock().notify(process.pid);
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
