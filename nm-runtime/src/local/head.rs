//! The head of a pool's queue: the only request that takes names from the pool.

use std::borrow::Cow;
use std::io;
use std::time::Instant;

use nm_os::Obituary;

use crate::backend::ask::Ask;
use crate::backend::broken::{self, Broken};
use crate::backend::patience::Patience;
use crate::backend::snapshot::BlockedHead;
use crate::base::error::Result;
use crate::base::{failpoint, json};
use crate::local::blocked_head::Published;
use crate::local::dir::{PoolDir, unusable};
use crate::local::lock::Locked;
use crate::local::queue::{self, Ticket};
use crate::local::record_file::RecordFile;
use crate::local::wakeup::Wakeup;
use crate::local::{blocked, files, look, runs};
use crate::terms::access::Access;
use crate::terms::decision::Assigned;
use crate::terms::record::Record;

/// The head of the queue, until this drops.
pub(crate) struct Head<'a> {
    pub(crate) dir: &'a PoolDir,
    /// Taken by [`Head::leave`], before it drops.
    queue: Option<Locked>,
    /// Boxed: most heads have none, and are moved.
    _ticket: Option<Box<Ticket>>,
    /// A waiter may have reserved the given name that it waits for.
    pub(crate) others_wait: bool,
}

/// A name whose lock is held, not yet a lease.
pub(crate) struct Taken {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) lock: Locked,
    pub(crate) file: RecordFile,
    pub(crate) record: Record,
    /// What its pool's allocator says beyond the name.
    pub(crate) assigned: Option<Assigned>,
    /// No other request held it, so the holders that its record shows have died. Its
    /// lock is still exclusive, even for a reader.
    pub(crate) alone: bool,
    /// Who told of the end of those that held it.
    pub(crate) obituary: Option<Obituary>,
}

impl Taken {
    /// Whether there are readers to join. They are in the record before they let
    /// others in.
    pub(crate) fn has_readers(&self) -> bool {
        let mut holders = self.record.holders.iter();
        holders.any(|tenure| tenure.access == Access::Shared)
    }
}

/// The names of a bounded pool that the head has not taken.
fn missing<'a>(ask: &'a Ask<'_>, taken: &'a [Taken]) -> impl Iterator<Item = String> + use<'a> {
    let all = 0..ask.names.capacity().unwrap_or(0);
    let missing = all.filter(|index| taken.iter().all(|taken| taken.index != *index));
    missing
        .map_while(|index| ask.names.get(index))
        .map(Cow::into_owned)
}

/// One head takes names at a time, so the second look finds how things are: more looks
/// help only against an unreadable record.
const LOOKS_FOR_READERS: u32 = 4;

/// The outcome of an attempt to take a name.
#[allow(
    clippy::large_enum_variant,
    reason = "moved once, by the code that matches it"
)]
pub(crate) enum Take {
    Taken(Taken),
    Busy,
    /// With the reason.
    Broken(String),
}

impl<'a> Head<'a> {
    /// Waits to become the head of the queue; `None` if the directory turned out to be
    /// removed.
    pub(crate) fn enter(
        dir: &'a PoolDir,
        ask: &Ask<'_>,
        patience: &mut dyn Patience,
    ) -> Result<Option<Self>> {
        let head = match Self::enter_now(dir)? {
            Some(head) => head,
            None => {
                patience.blocked();
                let ticket =
                    Ticket::draw(dir, ask.request, &json::to_string(ask.holder), patience)?;
                failpoint::at("line: drawn");
                ticket.wait_to_be_first(patience)?;
                failpoint::at("line: first");
                let queue = blocked::lock(&dir.pool, files::QUEUE, Access::Exclusive, patience)?;
                failpoint::at("queue: locked by the first in line");
                Self {
                    dir,
                    queue: Some(queue),
                    _ticket: Some(Box::new(ticket)),
                    others_wait: true,
                }
            }
        };
        Ok(head.is_current()?.then_some(head))
    }

    /// Becomes the head if there is none, and no waiter in the queue. The directory may
    /// turn out to be removed.
    pub(crate) fn enter_now(dir: &'a PoolDir) -> Result<Option<Self>> {
        let failed = |error| unusable(&dir.pool.path().join(files::QUEUE), error);
        let file = dir.pool.file(files::QUEUE).map_err(failed)?;
        let queue = match Locked::try_lock(file, Access::Exclusive).map_err(failed)? {
            Ok(queue) => queue,
            Err(file) => {
                dir.pool.keep(files::QUEUE, Some(file));
                return Ok(None);
            }
        };
        failpoint::at("queue: locked");
        let others_wait = queue::has_waiters(dir)?;
        if others_wait && !queue::is_empty(dir)? {
            return Ok(None);
        }
        Ok(Some(Self {
            dir,
            queue: Some(queue),
            _ticket: None,
            others_wait,
        }))
    }

    /// As [`Head::enter_now`]. Another process may just be taking a name: it is given a
    /// moment.
    pub(crate) fn enter_soon(dir: &'a PoolDir) -> Result<Option<Self>> {
        blocked::within(blocked::A_MOMENT, || Self::enter_now(dir))
    }

    /// Whether the queue that we head is still the one that others find.
    pub(crate) fn is_current(&self) -> Result<bool> {
        let queue = self.queue.as_ref().expect("only `drop` takes it");
        let current = queue.is_named(&self.dir.pool, files::QUEUE);
        current.map_err(|error| unusable(&self.dir.pool.path().join(files::QUEUE), error))
    }

    /// Lets the next waiter be the head.
    pub(crate) fn leave(self) {}

    /// Takes as many names as are asked for, waiting for them.
    pub(crate) fn take_any(
        &self,
        ask: &Ask<'_>,
        patience: &mut dyn Patience,
    ) -> Result<Vec<Taken>> {
        // Most requests want one name, and room for four is a large allocation.
        let mut taken = Vec::with_capacity(1);
        if self.scan(ask, &mut taken)? {
            return Ok(taken);
        }
        patience.blocked();
        let mut wakeup = Wakeup::new(self.dir);
        let mut published = Published::new(self.dir);
        loop {
            wakeup.listen(missing(ask, &taken));
            failpoint::at("head: listens");
            // What is released from here on wakes us.
            if self.scan(ask, &mut taken)? {
                break;
            }
            patience.tick()?;
            published.update(taken.len(), || {
                let taken = taken.iter().map(|taken| taken.name.clone());
                let waiting = ask.waiting(&self.dir.key);
                BlockedHead::new(ask.holder.clone(), waiting, taken.collect())
            });
            let until = patience.until();
            let until = published.due().map_or(until, |due| due.min(until));
            failpoint::at("head: waits");
            wakeup.wait(until.saturating_duration_since(Instant::now()));
            failpoint::at("head: woken");
            if self.scan(ask, &mut taken)? {
                break;
            }
        }
        if let Some(last) = taken.last_mut() {
            last.obituary = wakeup.into_obituary();
        }
        Ok(taken)
    }

    /// Takes as many names as are asked for if that many are free.
    pub(crate) fn try_take_any(&self, ask: &Ask<'_>) -> Result<Option<Vec<Taken>>> {
        let mut taken = Vec::new();
        Ok(self.scan(ask, &mut taken)?.then_some(taken))
    }

    /// Adds free names to `taken`, the lowest first unless the runner has a better
    /// guess, until there are enough.
    fn scan(&self, ask: &Ask<'_>, taken: &mut Vec<Taken>) -> Result<bool> {
        match ask.want.access {
            Access::Exclusive => self.scan_exclusive(ask, taken),
            Access::Shared => self.scan_shared(ask, taken),
        }
    }

    /// Names that need no `init` first, where that makes a difference.
    fn scan_exclusive(&self, ask: &Ask<'_>, taken: &mut Vec<Taken>) -> Result<bool> {
        let (count, any, first) = (ask.count, !ask.warm_first, ask.first);
        let capacity = ask.names.capacity();
        let unbounded = capacity.is_none();
        let mut broken = Broken::default();
        let mut cold = Vec::new();
        // Each run is asked about once. If that cannot be found out now, other names are
        // as good: the head does not wait for it.
        let mut asked: Vec<(String, bool)> = Vec::new();
        let mut is_running = |run: &str| {
            if let Some((_, known)) = asked.iter().find(|(known, _)| known == run) {
                return Ok(*known);
            }
            let found = runs::is_running_now(self.dir, run)?.unwrap_or(false);
            asked.push((run.to_owned(), found));
            Ok(found)
        };
        let mut is_warm = |record: &Record| record.is_warm(&ask.holder.run, &mut is_running);
        for index in (first..capacity.unwrap_or(usize::MAX)).chain(0..first) {
            if taken.len() == count {
                return Ok(true);
            }
            let Some(name) = ask.names.get(index) else {
                break;
            };
            if taken.iter().any(|taken| taken.index == index) {
                continue;
            }
            if !any && cold.len() >= count - taken.len() {
                // Of the rest only those that are ready are worth opening.
                match look::read(self.dir.names.path(), &name) {
                    Some(record) if is_warm(&record)? => {}
                    None if unbounded => break,
                    _ => continue,
                }
            }
            match self.take(ask, index, &name)? {
                Take::Taken(name) if !any && !is_warm(&name.record)? => {
                    let new = name.record.created == 0;
                    cold.push(name);
                    // None after a new one of an unbounded pool is any better.
                    if new && unbounded && cold.len() >= count - taken.len() {
                        break;
                    }
                }
                Take::Taken(name) => taken.push(name),
                Take::Busy => {}
                Take::Broken(reason) => broken.add(reason),
            }
        }
        let missing = count - taken.len();
        taken.extend(cold.into_iter().take(missing));
        broken.check(ask)?;
        Ok(taken.len() == count)
    }

    /// Readers share names that are already shared, so that others stay free.
    fn scan_shared(&self, ask: &Ask<'_>, taken: &mut Vec<Taken>) -> Result<bool> {
        let count = ask.count;
        let mut broken = Broken::default();
        let mut free = Vec::new();
        let bounded = ask.names.capacity().is_some();
        for index in 0.. {
            let Some(name) = ask.names.get(index) else {
                break;
            };
            if taken.len() >= count || (!bounded && taken.len() + free.len() >= count) {
                break;
            }
            if taken.iter().any(|taken| taken.index == index) {
                continue;
            }
            match self.take(ask, index, &name)? {
                Take::Taken(name) if name.alone => free.push(name),
                Take::Taken(name) => taken.push(name),
                Take::Busy => {}
                Take::Broken(reason) => broken.add(reason),
            }
        }
        let missing = count.saturating_sub(taken.len());
        taken.extend(free.into_iter().take(missing));
        broken.check(ask)?;
        Ok(taken.len() >= count)
    }

    /// Takes one name, without blocking. No other request sees a reader that is still
    /// alone: only the head of the queue takes names.
    pub(crate) fn take(&self, ask: &Ask<'_>, index: usize, name: &str) -> Result<Take> {
        if self.others_wait && is_reserved(self.dir, name)? {
            return Ok(Take::Busy);
        }
        take(self.dir, ask, index, name)
    }
}

impl Drop for Head<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            failpoint::at("queue: to be left");
            // What cannot be unlocked is closed instead.
            self.dir.pool.keep(files::QUEUE, queue.unlock().ok());
        }
        failpoint::at("queue: unlocked");
        // The ticket drops after this: the next waiter finds the queue free.
    }
}

/// Whether an earlier request waits for this very name.
pub(crate) fn is_reserved(dir: &PoolDir, name: &str) -> Result<bool> {
    let path = files::reservation(name);
    let failed = |error| unusable(&dir.names.path().join(&path), error);
    match dir.names.existing(&path).map_err(failed)? {
        None => Ok(false),
        Some(file) => {
            let free = Locked::try_lock(file, Access::Shared).map_err(failed)?;
            Ok(free.is_err())
        }
    }
}

/// Takes a name that is not reserved, without blocking.
pub(crate) fn take(dir: &PoolDir, ask: &Ask<'_>, index: usize, name: &str) -> Result<Take> {
    for _ in 0..LOOKS_FOR_READERS {
        let Some((lock, alone)) = try_lock_name(dir, name, ask.want.access)? else {
            break;
        };
        match taken(dir, ask, index, name, lock, alone)? {
            // The last reader has just released it: none made it ready for us.
            Take::Taken(taken) if !alone && !taken.has_readers() => {}
            found => return Ok(found),
        }
    }
    Ok(Take::Busy)
}

/// Locks a name without blocking, and says whether alone. A reader takes a free name
/// exclusively first: it may have to be made ready before others read it.
pub(crate) fn try_lock_name(
    dir: &PoolDir,
    name: &str,
    access: Access,
) -> Result<Option<(Locked, bool)>> {
    let path = files::lock(name);
    let failed = |error| unusable(&dir.names.path().join(&path), error);
    loop {
        let file = dir.names.file(&path).map_err(failed)?;
        match Locked::try_lock_name(file, access).map_err(failed)? {
            Err(file) if dir.names.has(&path, &file).map_err(failed)? => {
                dir.names.keep(&path, Some(file));
                return Ok(None);
            }
            Ok((lock, alone)) if lock.is_in(&dir.names, &path).map_err(failed)? => {
                return Ok(Some((lock, alone)));
            }
            // Replaced before we locked it: lock the one that others will find.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Opens what goes with a name whose lock is held.
pub(crate) fn taken(
    dir: &PoolDir,
    ask: &Ask<'_>,
    index: usize,
    name: &str,
    lock: Locked,
    alone: bool,
) -> Result<Take> {
    failpoint::at("name: locked");
    let failed = |file: String, error: io::Error| unusable(&dir.names.path().join(file), error);
    let record_failed = |error| failed(files::record(name), error);
    let mut file = RecordFile::open(&dir.names, name).map_err(record_failed)?;
    let record = file.read().map_err(record_failed)?;
    if let Some(reason) = broken::reason(ask, name, &record) {
        return Ok(Take::Broken(reason));
    }
    Ok(Take::Taken(Taken {
        index,
        name: name.to_owned(),
        lock,
        file,
        record,
        assigned: None,
        alone,
        obituary: None,
    }))
}
