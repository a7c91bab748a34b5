use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::base::error::{BoxError, Error, Kind, Result};
use crate::base::{failpoint, notice};
use crate::journal::Entry;
use crate::lend::held;
use crate::local::dir::{PoolDir, unusable};
use crate::local::files;
use crate::local::gate::Permit;
use crate::local::lock::Locked;
use crate::local::record_file::RecordFile;
use crate::sys::Wake;
use crate::terms::access::Access;
use crate::terms::event;
use crate::terms::holder::{Holder, LastHolder};
use crate::terms::name::Name;
use crate::terms::record::{Record, State, Tenure};

/// The right to use a name, from acquire to release. Dereferences to the
/// [`Name`] and, through it, to the name as a `str`.
///
/// The lease ends when it is dropped or [released](Lease::release), and when its
/// process ends, however it ends: what holds the name is a lock in the kernel.
/// Dropped by a panic, or left behind by a process that died, the name is *dirty*.
#[must_use = "the name returns to its pool at once if the lease is dropped"]
pub struct Lease {
    name: Name,
    fence: u64,
    access: Access,
    after: Mutex<(State, Option<String>)>,
    held: Option<Held>,
}

/// What ends with the lease.
pub(crate) struct Held {
    pub(crate) lock: Locked,
    pub(crate) wake: Option<Wake>,
    pub(crate) file: RecordFile,
    /// As it was granted. Nobody else writes the record of an exclusive lease.
    pub(crate) record: Record,
    pub(crate) dir: Arc<PoolDir>,
    pub(crate) holder: Arc<Holder>,
    pub(crate) request: String,
    /// The lock is exclusive, also for a reader until others are let in.
    pub(crate) alone: bool,
    /// Somebody waited for a name when this one was granted.
    pub(crate) contended: bool,
    /// Given back before it was made ready.
    pub(crate) as_it_was: bool,
    /// Key in the table of what this process holds.
    pub(crate) key: u64,
    pub(crate) _permit: Arc<Permit>,
}

impl Lease {
    pub(crate) fn new(name: Name, fence: u64, access: Access, held: Held) -> Self {
        Self {
            name,
            fence,
            access,
            after: Mutex::default(),
            held: Some(held),
        }
    }

    /// Grows with every exclusive lease of the name: of two writes to the
    /// resource, the one with the lower fence is the outdated one.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Exclusive or shared.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Says that the next holder must not find the resource as it is now.
    pub fn mark_dirty(&self) {
        self.mark(State::Dirty, None);
    }

    /// Like [`Lease::mark_dirty`], with a reason for the record and the journal.
    pub fn mark_dirty_because(&self, reason: impl Into<String>) {
        self.mark(State::Dirty, Some(reason.into()));
    }

    /// Says that the resource is unusable: it is lent to nobody in this run any
    /// more, and tests that can have no other name fail with the reason.
    pub fn mark_broken(&self, reason: impl Into<String>) {
        self.mark(State::Broken, Some(reason.into()));
    }

    /// The name, to keep beside the lease.
    pub(crate) fn handle(&self) -> &Name {
        &self.name
    }

    /// Whether nobody else can hold the name now.
    pub(crate) fn is_alone(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.alone)
    }

    /// Lets other readers in; false, and no lease any more, when a writer was
    /// quicker.
    pub(crate) fn share(&mut self) -> Result<bool> {
        let Some(held) = &mut self.held else {
            return Ok(false);
        };
        let shared = held.share(&self.name)?;
        if !shared && let Some(held) = self.held.take() {
            // The record is no longer ours: to take ourselves off it could undo what
            // the writer has just written, its fence and that it holds the name. It
            // finds us there, and takes us for dead.
            held::remove(held.key);
        }
        Ok(shared)
    }

    /// Until it has been made ready, its state is what the last holder left.
    pub(crate) fn keep_as_it_was(&mut self) {
        if let Some(held) = &mut self.held {
            held.as_it_was = held.alone;
        }
    }

    pub(crate) fn held_mut(&mut self) -> Option<&mut Held> {
        self.held.as_mut()
    }

    fn mark(&self, state: State, reason: Option<String>) {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        if after.0 != State::Broken {
            *after = (state, reason);
        }
    }

    /// Gives the name back now, and says when something was wrong with that.
    /// Dropping the lease does the same, and prints what this would return.
    ///
    /// # Errors
    ///
    /// When the record cannot be written (the name is free all the same, and the
    /// next holder finds it dirty), or [`Error::is_lost`] when the state directory
    /// was removed while the name was lent.
    ///
    /// ```
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let lease = name_manager::Pool::open("release-doc")?.acquire()?;
    /// lease.release()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn release(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        if held.holder.pid != std::process::id() {
            held.lock.leave();
            return Ok(());
        }
        held::remove(held.key);
        let (mut state, mut reason) = {
            let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut *after)
        };
        if thread::panicking() && state == State::Clean {
            state = State::Dirty;
            reason = Some("its test panicked".to_owned());
        }
        if held.as_it_was {
            state = held.record.state;
            reason = held.record.reason.clone();
        }
        held.end(&self.name, self.fence, self.access, state, reason)
    }
}

impl Held {
    /// Writes the record as it is here. For who holds the name alone.
    pub(crate) fn write(&mut self, name: &Name) -> Result<()> {
        let path = self.dir.names.path().join(files::record(name));
        let written = self.file.write(&self.record);
        written.map_err(|error| unusable(&path, error))
    }

    fn share(&mut self, name: &Name) -> Result<bool> {
        self.alone = false;
        let path = self.dir.names.path().join(files::lock(name));
        let mut shared = self.lock.share().map_err(|error| unusable(&path, error))?;
        if shared {
            let record = self.file.read().map_err(|error| unusable(&path, error))?;
            // Gone from it, we were taken for dead by one who had the name in between,
            // and has given it back: what was made ready may be undone.
            shared = record.holders.iter().any(|tenure| self.is_ours(tenure));
        }
        if let Some(wake) = &self.wake {
            // Readers that found the name taken look again.
            wake.poke();
        }
        Ok(shared)
    }

    fn end(
        mut self,
        name: &Name,
        fence: u64,
        access: Access,
        state: State,
        reason: Option<String>,
    ) -> Result<()> {
        let lost = self.is_lost(name);
        let request = mem::take(&mut self.request);
        let kind = match lost {
            true => event::Kind::Lost,
            false => event::Kind::Released,
        };
        let entry = Entry {
            name: Some(name.name()),
            fence: Some(fence),
            detail: reason.as_deref(),
            access: Some(access),
            state: Some(state),
            ..Entry::new(kind, name.pool(), &request, &self.holder)
        };
        // Record and journal before the lock: the next holder reads the one, and
        // in the other `released` stands before its `acquired`.
        failpoint::at("release: begun");
        self.dir.journal.write(&self.dir.pool, &entry);
        failpoint::at("release: journalled");
        let recorded = match lost {
            true => Ok(()),
            false => self.record(access, state, reason),
        };
        failpoint::at("release: recorded");
        let unlocked = self.lock.unlock();
        failpoint::at("release: unlocked");
        let names = &self.dir.names;
        if let Some(wake) = self.wake {
            wake.poke();
            failpoint::at("release: woken");
            // Linux queues whom a pipe wakes on the writer's processor, behind the
            // writer. The name is free: who is likely to wait for it goes first.
            if self.contended {
                thread::yield_now();
            }
        }
        if lost {
            return Err(Error::new(
                Kind::Lost,
                format!(
                    "`{name}` may have been lent to others while this test held it: its lock under `{}` was removed or replaced; do not touch the state directory while tests run",
                    self.dir.names.path().display()
                ),
            ));
        }
        recorded
            .map_err(|error| unusable(&self.dir.names.path().join(files::record(name)), error))?;
        let file = unlocked.map_err(|error| {
            Error::io(
                format!("failed to unlock `{name}`; it is free when the process ends"),
                error,
            )
        })?;
        names.keep(&files::lock(name), file);
        names.keep(&files::record(name), Some(self.file.into_file()));
        Ok(())
    }

    fn is_ours(&self, tenure: &Tenure) -> bool {
        tenure.holder.token == self.holder.token && tenure.holder.since == self.holder.since
    }

    /// Whether others could lock another file of that name. Where not even its
    /// path can be looked at any more, they could.
    fn is_lost(&self, name: &Name) -> bool {
        let named = self.lock.is_named(&self.dir.names, &files::lock(name));
        !named.unwrap_or(false)
    }

    fn record(
        &mut self,
        access: Access,
        state: State,
        reason: Option<String>,
    ) -> std::io::Result<()> {
        let token = &self.holder.token;
        let request_since = self.holder.since;
        let give_back = |record: &mut Record| {
            let ours = record.holders.iter().position(|tenure| {
                tenure.holder.token == *token && tenure.holder.since == request_since
            });
            ours.map(|at| record.holders.remove(at));
            if self.as_it_was {
                return;
            }
            // Broken by another reader just now; an earlier run's verdict is over.
            let broken = record.state == State::Broken
                && record.broken_in.as_deref() == Some(&*self.holder.run);
            // One of several readers can make the name worse, not better.
            if !broken && (access == Access::Exclusive || state != State::Clean) {
                record.state = state;
                let how = reason.as_deref().unwrap_or("its test said so");
                record.last = (state != State::Clean).then(|| LastHolder::new(&self.holder, how));
                record.reason = reason;
                record.broken_in = (state == State::Broken).then(|| self.holder.run.clone());
            }
        };
        match access {
            Access::Shared => self.file.update(give_back),
            Access::Exclusive => {
                give_back(&mut self.record);
                self.file.write(&self.record)
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            notice::say(&format!("{error:?}\n"));
        }
    }
}

impl Deref for Lease {
    type Target = Name;

    fn deref(&self) -> &Name {
        &self.name
    }
}

impl AsRef<str> for Lease {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("name", &self.name)
            .field("access", &self.access)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// What a test's parameter can be made from: a connected client, say.
///
/// ```
/// use name_manager::{BoxError, FromLease, Lease};
///
/// /// A connection to the database of the lease, which it keeps as long as it lives.
/// struct Database {
///     url: String,
///     lease: Lease,
/// }
///
/// impl FromLease for Database {
///     fn from_lease(lease: Lease) -> Result<Self, BoxError> {
///         let url = format!("postgres://localhost/{lease}");
///         Ok(Self { url, lease })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a test parameter of type `{Self}` cannot be made from a lease",
    label = "takes `Lease`, a type that implements `FromLease`, or (with `count` or `all`) a `Vec` of those"
)]
pub trait FromLease: Sized {
    /// Makes the parameter. Keep the lease inside it: the name goes back to its
    /// pool when the lease drops.
    ///
    /// # Errors
    ///
    /// Whatever is wrong fails the test, with this error in its message.
    fn from_lease(lease: Lease) -> std::result::Result<Self, BoxError>;
}

impl FromLease for Lease {
    fn from_lease(lease: Lease) -> std::result::Result<Self, BoxError> {
        Ok(lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::caller::{self, Caller};
    use crate::journal;
    use crate::pool::Pool;

    #[test]
    fn a_reader_that_a_writer_overtakes_leaves_the_record_to_it() {
        let dir = tempfile::tempdir().unwrap();
        caller::set(Caller {
            dir: Some(dir.path().to_owned()),
            ..Caller::default()
        });
        let pool = Pool::open("db").unwrap();
        let mut leases = pool.request().name("db-0").acquire().unwrap();
        let mut lease = leases.pop().unwrap();
        let held = lease.held_mut().unwrap();
        let names = held.dir.clone();
        let file = || names.names.file(&files::lock("db-0")).unwrap();
        held.lock = Locked::let_go(file());
        let writer = Locked::try_lock(file(), Access::Exclusive)
            .unwrap()
            .unwrap();
        assert!(!lease.share().unwrap());
        drop(lease);
        drop(writer);

        // This thread knows of it no more, and may ask for the name again. Whoever has
        // it next clears the record: it cannot tell a reader that lost from a dead one.
        let lease = pool.request().name("db-0").acquire().unwrap();
        drop(lease);
        let events = journal::read(names.pool.path()).unwrap();
        let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
        use journal::Kind::{Acquired, Died, Released};
        assert_eq!(kinds, [Acquired, Died, Acquired, Released]);
    }
}
