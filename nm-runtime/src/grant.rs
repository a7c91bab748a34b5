//! From a request to its leases: through the pool's queue, to the locks.

use std::io;
use std::mem;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::gate::Permit;
use crate::held;
use crate::identity::{self, Holder};
use crate::journal::{self, Event};
use crate::lease::{self, Lease};
use crate::lock::{Access, Locked};
use crate::name::Name;
use crate::pool::Shared;
use crate::queue::Queued;
use crate::record::{Record, RecordFile, State, Tenure};
use crate::request::Want;
use crate::state_dir::{PoolDir, unusable};
use crate::sys::{Wake, WakeSet};
use crate::wait::Wait;

/// Takes what is wanted, waiting for it.
pub(crate) fn acquire(
    pool: &Shared,
    want: &Want,
    count: usize,
    place: &Location<'_>,
) -> Result<Vec<Lease>> {
    let holder = Holder::current(place)?;
    let mut wait = Wait::new(pool, want, count, holder)?;
    let permit = Arc::new(wait.enter_gate()?);
    loop {
        let dir = pool.dir()?;
        let head = Head::enter(pool, &dir, &mut wait)?;
        if let Some(leases) = head.acquire(want, count, &mut wait, &permit)? {
            return Ok(leases);
        }
        // Somebody removed the directory: all that was locked in it meant nothing.
        pool.forget_dir(&dir);
    }
}

/// How long another process may take to take a name, until it counts as waiting.
const TRY_FOR: Duration = Duration::from_millis(2);

/// Takes what is wanted if it can be had now.
pub(crate) fn try_acquire(
    pool: &Shared,
    want: &Want,
    count: usize,
    place: &Location<'_>,
) -> Result<Option<Vec<Lease>>> {
    let holder = Holder::current(place)?;
    let started = Instant::now();
    let permit = match held::by(&holder.token).is_empty() {
        true => match Permit::wait(count as u64, started) {
            Some(permit) => permit,
            None => return Ok(None),
        },
        false => Permit::unlimited(),
    };
    loop {
        let dir = pool.dir()?;
        let file = open(&dir, PoolDir::QUEUE)?;
        let path = dir.pool.path().join(PoolDir::QUEUE);
        match Locked::try_lock(file, Access::Exclusive).map_err(|error| unusable(&path, error))? {
            Ok(queue) => {
                let head = Head { pool, dir, queue };
                if head.is_current()? {
                    return head.try_acquire(want, count, &holder, permit);
                }
                pool.forget_dir(&head.dir);
            }
            Err(_) if started.elapsed() > TRY_FOR => return Ok(None),
            Err(_) => thread::sleep(TRY_FOR / 40),
        }
    }
}

fn open(dir: &PoolDir, name: &str) -> Result<std::fs::File> {
    let file = dir.pool.file(name);
    file.map_err(|error| unusable(&dir.pool.path().join(name), error))
}

/// The head of a pool's queue: the only one who takes names from the pool.
struct Head<'a> {
    pool: &'a Shared,
    dir: Arc<PoolDir>,
    queue: Locked,
}

/// A name whose lock is held, not yet a lease.
struct Taken {
    index: usize,
    name: String,
    lock: Locked,
    wake: Option<Wake>,
    file: RecordFile,
    record: Record,
    /// Nobody else held it, so whoever its record shows as holder has died.
    alone: bool,
}

enum Take {
    Taken(Taken),
    Busy,
    Broken(String),
}

/// How often the head looks again at names whose release wakes nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl<'a> Head<'a> {
    /// Waits to become the head of the queue.
    fn enter(pool: &'a Shared, dir: &Arc<PoolDir>, wait: &mut Wait<'_>) -> Result<Self> {
        let file = open(dir, PoolDir::QUEUE)?;
        let path = dir.pool.path().join(PoolDir::QUEUE);
        let failed = |error| unusable(&path, error);
        let queue = match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
            Ok(queue) => queue,
            Err(file) => {
                wait.begin(dir);
                let queued = Queued::join(file, Access::Exclusive, || ());
                wait.for_lock(&queued.map_err(failed)?, dir, &path)?
            }
        };
        Ok(Self {
            pool,
            dir: dir.clone(),
            queue,
        })
    }

    /// Whether the queue that we head is still the one that others find.
    fn is_current(&self) -> Result<bool> {
        let current = self.queue.is_named(&self.dir.pool, PoolDir::QUEUE);
        current.map_err(|error| unusable(&self.dir.pool.path().join(PoolDir::QUEUE), error))
    }

    /// Takes what is wanted; nothing when the directory turned out to be removed.
    fn acquire(
        self,
        want: &Want,
        count: usize,
        wait: &mut Wait<'_>,
        permit: &Arc<Permit>,
    ) -> Result<Option<Vec<Lease>>> {
        if !self.is_current()? {
            return Ok(None);
        }
        if let Some(name) = &want.name {
            return self.acquire_named(name, want.access, wait, permit);
        }
        let mut taken = Vec::new();
        if !self.scan(want.access, count, &mut taken)? {
            wait.begin(&self.dir);
            self.wait_for_names(want.access, count, &mut taken, wait)?;
            if !self.is_current()? {
                return Ok(None);
            }
        }
        let leases = finish(
            self.pool,
            &self.dir,
            taken,
            want.access,
            wait.grant(),
            permit,
        )?;
        // Records first, then the next head: it reads them.
        drop(self.queue);
        Ok(Some(leases))
    }

    fn try_acquire(
        self,
        want: &Want,
        count: usize,
        holder: &Holder,
        permit: Permit,
    ) -> Result<Option<Vec<Lease>>> {
        let mut taken = Vec::new();
        let enough = match &want.name {
            None => self.scan(want.access, count, &mut taken)?,
            Some(name) => match self.take(self.index_of(name), name, want.access)? {
                Take::Taken(name) => {
                    taken.push(name);
                    true
                }
                Take::Busy => false,
                Take::Broken(reason) => return Err(broken(&self.pool.name, &reason)),
            },
        };
        if !enough {
            return Ok(None);
        }
        let grant = Grant {
            holder: holder.clone(),
            request: next_request(),
            waited: Duration::ZERO,
        };
        finish(
            self.pool,
            &self.dir,
            taken,
            want.access,
            grant,
            &Arc::new(permit),
        )
        .map(Some)
    }

    fn wait_for_names(
        &self,
        access: Access,
        count: usize,
        taken: &mut Vec<Taken>,
        wait: &mut Wait<'_>,
    ) -> Result<()> {
        let names = &self.pool.config.names;
        let fifos: Vec<_> = (0..names.capacity().unwrap_or(0))
            .map_while(|index| names.get(index))
            .map(|name| fifo(&name))
            .collect();
        let failed = |error| unusable(self.dir.names.path(), error);
        let wakes = WakeSet::open(&self.dir.names, fifos.iter().map(String::as_str));
        let wakes = wakes.map_err(failed)?;
        // Look again after opening the FIFOs and before each wait: what is
        // released from here on wakes us.
        while !self.scan(access, count, taken)? {
            wait.tick(&self.dir)?;
            let mut timeout = wait.until().saturating_duration_since(Instant::now());
            if !wakes.is_complete() {
                timeout = timeout.min(LOOK_AGAIN);
            }
            wakes.wait(timeout).map_err(failed)?;
        }
        Ok(())
    }

    /// Adds free names to `taken`, lowest first, until there are enough.
    fn scan(&self, access: Access, count: usize, taken: &mut Vec<Taken>) -> Result<bool> {
        match access {
            Access::Exclusive => self.scan_exclusive(count, taken),
            Access::Shared => self.scan_shared(count, taken),
        }
    }

    fn scan_exclusive(&self, count: usize, taken: &mut Vec<Taken>) -> Result<bool> {
        let mut broken = Broken::default();
        for index in 0.. {
            if taken.len() == count {
                return Ok(true);
            }
            let Some(name) = self.pool.config.names.get(index) else {
                break;
            };
            if taken.iter().any(|taken| taken.index == index) {
                continue;
            }
            match self.take(index, &name, Access::Exclusive)? {
                Take::Taken(name) => taken.push(name),
                Take::Busy => {}
                Take::Broken(reason) => broken.add(reason),
            }
        }
        broken.check(self.pool, count)?;
        Ok(false)
    }

    /// Readers share names that are shared already, so that others stay free.
    fn scan_shared(&self, count: usize, taken: &mut Vec<Taken>) -> Result<bool> {
        let mut broken = Broken::default();
        let mut free = Vec::new();
        let bounded = self.pool.config.names.capacity().is_some();
        for index in 0.. {
            let Some(name) = self.pool.config.names.get(index) else {
                break;
            };
            if taken.len() >= count || (!bounded && taken.len() + free.len() >= count) {
                break;
            }
            if taken.iter().any(|taken| taken.index == index) {
                continue;
            }
            // Exclusively first: it tells a free name from a shared one. Nobody
            // sees that: whoever takes names heads this queue.
            match self.take(index, &name, Access::Exclusive)? {
                Take::Taken(name) => free.push(name),
                Take::Broken(reason) => broken.add(reason),
                Take::Busy => match self.take(index, &name, Access::Shared)? {
                    Take::Taken(name) => taken.push(name),
                    Take::Busy => {}
                    Take::Broken(reason) => broken.add(reason),
                },
            }
        }
        let missing = count.saturating_sub(taken.len());
        for mut name in free.into_iter().take(missing) {
            let shared = name.lock.into_shared();
            name.lock = shared.map_err(|error| unusable(self.dir.names.path(), error))?;
            taken.push(name);
        }
        broken.check(self.pool, count)?;
        Ok(taken.len() >= count)
    }

    fn index_of(&self, name: &str) -> usize {
        // Whoever asked has been told already if there is no such name.
        self.pool.config.names.index_of(name).unwrap_or_default()
    }

    /// Takes one name, without blocking.
    fn take(&self, index: usize, name: &str, access: Access) -> Result<Take> {
        if self.is_reserved(name)? {
            return Ok(Take::Busy);
        }
        match lock_name(&self.dir, name, access)? {
            Some(lock) => taken(&self.dir, index, name, lock, access),
            None => Ok(Take::Busy),
        }
    }

    /// Whether somebody who came before us waits for this very name.
    fn is_reserved(&self, name: &str) -> Result<bool> {
        let path = reservation(name);
        let failed = |error| unusable(&self.dir.names.path().join(&path), error);
        match self.dir.names.existing(&path).map_err(failed)? {
            None => Ok(false),
            Some(file) => {
                let free = Locked::try_lock(file, Access::Shared).map_err(failed)?;
                Ok(free.is_err())
            }
        }
    }

    /// Takes one given name. Waits for it beside the queue, not at its head:
    /// others may go on to other names. Meanwhile the name is reserved, so that
    /// they do not go on to this one.
    fn acquire_named(
        self,
        name: &str,
        access: Access,
        wait: &mut Wait<'_>,
        permit: &Arc<Permit>,
    ) -> Result<Option<Vec<Lease>>> {
        let (pool, dir, index) = (self.pool, self.dir.clone(), self.index_of(name));
        let named = match self.take(index, name, access)? {
            Take::Taken(taken) => taken,
            Take::Broken(reason) => return Err(broken(&pool.name, &reason)),
            Take::Busy => {
                wait.begin(&dir);
                match self.wait_for_name(index, name, access, wait)? {
                    Some(taken) => taken,
                    None => return Ok(None),
                }
            }
        };
        finish(pool, &dir, vec![named], access, wait.grant(), permit).map(Some)
    }

    fn wait_for_name(
        self,
        index: usize,
        name: &str,
        access: Access,
        wait: &mut Wait<'_>,
    ) -> Result<Option<Taken>> {
        let (pool, dir) = (self.pool, &self.dir);
        let path = dir.names.path().join(reservation(name));
        let failed = |error| unusable(&path, error);
        let file = dir.names.file(&reservation(name)).map_err(failed)?;
        // Opened before the reservation is ours and kept while it is: if we die,
        // the FIFO hangs up and the head looks again at the name.
        let mut reserved = Reservation {
            lock: None,
            wake: Wake::open(&dir.names, &fifo(name)).map_err(failed)?,
        };
        match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
            Ok(lock) => {
                drop(self.queue);
                reserved.lock = Some(lock);
            }
            Err(file) => {
                let queued = Queued::join(file, Access::Exclusive, || ()).map_err(failed)?;
                drop(self.queue);
                reserved.lock = Some(wait.for_lock(&queued, dir, &path)?);
            }
        }
        let lock = loop {
            let file = dir.names.file(&lock_file(name)).map_err(failed)?;
            let lock = match Locked::try_lock(file, access).map_err(failed)? {
                Ok(lock) => lock,
                Err(file) => {
                    let (names, fifo) = (dir.clone(), fifo(name));
                    let let_go = move || {
                        if let Ok(Some(wake)) = Wake::open(&names.names, &fifo) {
                            wake.poke();
                        }
                    };
                    let queued = Queued::join(file, access, let_go).map_err(failed)?;
                    wait.for_lock(&queued, dir, &path)?
                }
            };
            if lock.is_linked().map_err(failed)? {
                break lock;
            }
            if !dir.names.path().exists() {
                return Ok(None);
            }
        };
        drop(reserved);
        match taken(dir, index, name, lock, access)? {
            Take::Broken(reason) => Err(broken(&pool.name, &reason)),
            Take::Taken(taken) => Ok(Some(taken)),
            Take::Busy => Ok(None),
        }
    }
}

/// While this lives, the head of the queue leaves the name to us.
struct Reservation {
    lock: Option<Locked>,
    wake: Option<Wake>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Unlock before waking: the head that wakes must find it gone.
        drop(self.lock.take());
        if let Some(wake) = &self.wake {
            wake.poke();
        }
    }
}

fn lock_file(name: &str) -> String {
    format!("{name}.lock")
}

fn fifo(name: &str) -> String {
    format!("{name}.wake")
}

fn reservation(name: &str) -> String {
    format!("{name}.next")
}

fn lock_name(dir: &PoolDir, name: &str, access: Access) -> Result<Option<Locked>> {
    let path = lock_file(name);
    let failed = |error| unusable(&dir.names.path().join(&path), error);
    loop {
        let file = dir.names.file(&path).map_err(failed)?;
        match Locked::try_lock(file, access).map_err(failed)? {
            Err(_) => return Ok(None),
            Ok(lock) if lock.is_linked().map_err(failed)? => return Ok(Some(lock)),
            // Removed between open and lock: lock the one that others will find.
            Ok(_) => {}
        }
    }
}

fn taken(dir: &PoolDir, index: usize, name: &str, lock: Locked, access: Access) -> Result<Take> {
    let failed = |file: String, error: io::Error| unusable(&dir.names.path().join(file), error);
    let wake = Wake::open(&dir.names, &fifo(name)).map_err(|error| failed(fifo(name), error))?;
    let record_failed = |error| failed(RecordFile::file_name(name), error);
    let mut file = RecordFile::open(&dir.names, name).map_err(record_failed)?;
    let record = file.read().map_err(record_failed)?;
    if record.state == State::Broken && record.broken_in.as_deref() == Some(identity::run()?) {
        let reason = record.reason.as_deref().unwrap_or("no reason given");
        return Ok(Take::Broken(format!("`{name}`: {reason}")));
    }
    Ok(Take::Taken(Taken {
        index,
        name: name.to_owned(),
        lock,
        wake,
        file,
        record,
        alone: access == Access::Exclusive,
    }))
}

/// The broken names that a look over the pool met.
#[derive(Default)]
struct Broken {
    count: usize,
    first: Option<String>,
}

impl Broken {
    fn add(&mut self, reason: String) {
        self.count += 1;
        self.first.get_or_insert(reason);
    }

    /// Waiting is in vain when too few names are left.
    fn check(self, pool: &Shared, wanted: usize) -> Result<()> {
        let capacity = pool.config.names.capacity();
        match (self.first, capacity) {
            (Some(reason), Some(capacity)) if capacity - self.count < wanted => {
                Err(broken(&pool.name, &reason))
            }
            _ => Ok(()),
        }
    }
}

fn broken(pool: &str, reason: &str) -> Error {
    Error::new(
        Kind::Broken,
        format!("pool `{pool}` has no usable name left in this run: {reason}"),
    )
}

/// To whom names are granted.
pub(crate) struct Grant {
    pub(crate) holder: Holder,
    pub(crate) request: String,
    pub(crate) waited: Duration,
}

/// One per request of this process.
pub(crate) fn next_request() -> String {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
    format!("{}-{request}", std::process::id())
}

/// Writes down who has the names, and makes them leases.
fn finish(
    pool: &Shared,
    dir: &Arc<PoolDir>,
    taken: Vec<Taken>,
    access: Access,
    mut grant: Grant,
    permit: &Arc<Permit>,
) -> Result<Vec<Lease>> {
    static LEASES: AtomicU64 = AtomicU64::new(0);
    let mut leases = Vec::with_capacity(taken.len());
    for mut taken in taken {
        let now = identity::now();
        grant.holder.since = now;
        let tenure = Tenure {
            holder: grant.holder.clone(),
            access,
            waiting: None,
        };
        let alone = taken.alone;
        let mut dead = Vec::new();
        let hand_over = |record: &mut Record| {
            if alone && !record.holders.is_empty() {
                dead = mem::take(&mut record.holders);
                record.state = State::Dirty;
                record.reason = Some(format!("`{}` ended while it held it", dead[0].holder.test));
            }
            if access == Access::Exclusive {
                record.fence += 1;
            }
            if record.created == 0 {
                record.created = now;
            }
            record.lent = now;
            record.holders.push(tenure);
            record.clone()
        };
        let recorded = match access {
            Access::Shared => taken.file.update(hand_over),
            Access::Exclusive => {
                let mut record = taken.record;
                hand_over(&mut record);
                taken.file.write(&record).map(|()| record)
            }
        };
        let record = recorded.map_err(|error| {
            let path = dir.names.path().join(RecordFile::file_name(&taken.name));
            unusable(&path, error)
        })?;
        let event = |kind, holder: &Holder| Event {
            kind,
            time: now,
            pool: pool.name.to_string(),
            name: Some(taken.name.clone()),
            fence: Some(record.fence),
            id: grant.request.clone(),
            holder: holder.clone(),
            detail: None,
            waited: None,
            access: Some(access.as_str().to_owned()),
            state: None,
        };
        for dead in &dead {
            dir.journal
                .write(&dir.pool, &event(journal::Kind::Died, &dead.holder));
        }
        let acquired = Event {
            waited: Some(grant.waited.as_micros() as u64),
            ..event(journal::Kind::Acquired, &grant.holder)
        };
        dir.journal.write(&dir.pool, &acquired);
        let key = LEASES.fetch_add(1, Ordering::Relaxed);
        held::add(held::Held {
            lease: key,
            token: grant.holder.token.clone(),
            dir: dir.clone(),
            name: taken.name.clone(),
        });
        let name = Name::new(&pool.name, &taken.name, taken.index, &pool.config.env);
        let fence = record.fence;
        let held = lease::Held {
            lock: taken.lock,
            wake: taken.wake,
            file: taken.file,
            record,
            dir: dir.clone(),
            holder: grant.holder.clone(),
            request: grant.request.clone(),
            key,
            _permit: permit.clone(),
        };
        leases.push(Lease::new(name, fence, access, held));
    }
    Ok(leases)
}
