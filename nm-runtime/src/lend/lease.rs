//! A lease, and what a test's parameter makes of it.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::backend::Backend;
use crate::backend::ask::Granted;
use crate::backend::hold::{Ending, Hold};
use crate::base::error::{BoxError, Result};
use crate::base::notice;
use crate::lend::gate::Permit;
use crate::lend::held::{self, HeldName, Who};
use crate::terms::access::Access;
use crate::terms::name::Name;
use crate::terms::record::State;

/// The right to use a name, from acquire to release. Dereferences to the
/// [`Name`] and, through it, to the name as a `str`.
///
/// The lease ends when it is dropped or [released](Lease::release), and when its
/// process ends, however it ends: what holds the name is a lock in the kernel.
/// If a panic drops it, or its process dies, the name is *dirty*.
#[must_use = "the name returns to its pool at once if the lease is dropped"]
pub struct Lease {
    name: Name,
    fence: u64,
    access: Access,
    after: Mutex<(State, Option<String>)>,
    held: Option<Held>,
}

/// What ends with the lease.
struct Held {
    hold: Box<dyn Hold>,
    /// No other request can hold the name until other readers are let in.
    alone: bool,
    /// The name is not ready yet: on release it keeps the state of the last holder.
    as_it_was: bool,
    /// Its test is to panic: that it does, says nothing against the name.
    must_panic: bool,
    /// Key in the table of what this process holds.
    key: u64,
    _permit: Arc<Permit>,
}

/// A key of the table of what this process holds.
pub(crate) fn next_key() -> u64 {
    static LEASES: AtomicU64 = AtomicU64::new(0);
    LEASES.fetch_add(1, Ordering::Relaxed)
}

const HOLDS: &str = "a lease holds its name until it ends";

impl Lease {
    /// A lease on a name that the backend granted.
    pub(crate) fn new(
        name: Name,
        access: Access,
        backend: &Arc<dyn Backend>,
        permit: &Arc<Permit>,
        must_panic: bool,
        mut granted: Granted,
    ) -> Self {
        let key = next_key();
        held::add(HeldName {
            lease: key,
            holder: Who::Holder(granted.hold.holder().clone()),
            backend: backend.clone(),
            name: name.name().into(),
        });
        Self {
            name,
            fence: granted.hold.record().fence,
            access,
            after: Mutex::default(),
            held: Some(Held {
                hold: granted.hold,
                alone: granted.alone,
                as_it_was: false,
                must_panic,
                key,
                _permit: permit.clone(),
            }),
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

    /// Marks the name dirty: the next holder must not find the resource as it is now.
    pub fn mark_dirty(&self) {
        self.mark(State::Dirty, None);
    }

    /// Like [`Lease::mark_dirty`], with a reason for the record and the journal.
    pub fn mark_dirty_because(&self, reason: impl Into<String>) {
        self.mark(State::Dirty, Some(reason.into()));
    }

    /// Marks the name broken: it is not lent again in this run, and tests that can get
    /// no other name fail with the reason.
    pub fn mark_broken(&self, reason: impl Into<String>) {
        self.mark(State::Broken, Some(reason.into()));
    }

    /// The name, to keep beside the lease.
    pub(crate) fn handle(&self) -> &Name {
        &self.name
    }

    /// Its key in the table of what this process holds.
    pub(crate) fn key(&self) -> u64 {
        self.held.as_ref().expect(HOLDS).key
    }

    /// Whether no other request can hold the name now.
    pub(crate) fn is_alone(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.alone)
    }

    /// Lets other readers in. `None` if a writer was quicker: the lease is over.
    pub(crate) fn share(mut self) -> Result<Option<Self>> {
        let held = self.held();
        held.alone = false;
        if held.hold.share()? {
            return Ok(Some(self));
        }
        // The record is no longer ours: removing ourselves from it could undo what the
        // writer has just written, its fence and that it holds the name. The writer
        // finds us there, and takes us for dead.
        if let Some(lost) = self.held.take() {
            held::remove(lost.key);
        }
        Ok(None)
    }

    /// From here on, until [`Lease::made_ready`], the name keeps the state of the last
    /// holder, even when it is released.
    pub(crate) fn keep_as_it_was(&mut self) {
        let held = self.held();
        held.as_it_was = held.alone;
    }

    /// From here on the next holder finds the name as this lease leaves it.
    pub(crate) fn made_ready(&mut self) {
        self.held().as_it_was = false;
    }

    /// The name's record and how to change it.
    pub(crate) fn hold(&mut self) -> &mut dyn Hold {
        &mut *self.held().hold
    }

    fn held(&mut self) -> &mut Held {
        self.held.as_mut().expect(HOLDS)
    }

    fn mark(&self, state: State, reason: Option<String>) {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        if after.0 != State::Broken {
            *after = (state, reason);
        }
    }

    /// Releases the name now. Dropping the lease does the same, and prints the error
    /// that this would return.
    ///
    /// # Errors
    ///
    /// If the record cannot be written (the name is free nevertheless, and the next
    /// holder finds it dirty), or, [`is_lost`](crate::Error::is_lost), if the state
    /// directory was removed while the name was lent.
    ///
    /// ```
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let lease = name_manager::Pool::open("release-doc")?.acquire()?;
    /// lease.release()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn release(mut self) -> Result<()> {
        self.end(true)
    }

    fn end(&mut self, durable: bool) -> Result<()> {
        let Some(mut held) = self.held.take() else {
            return Ok(());
        };
        if !held.hold.is_of_this_process() {
            // Nor is the table touched: a thread that was not copied by the fork may
            // have locked it.
            held.hold.leave();
            return Ok(());
        }
        held::remove(held.key);
        let (mut state, mut reason) = {
            let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut *after)
        };
        if thread::panicking() && state == State::Clean && !held.must_panic {
            state = State::Dirty;
            reason = Some("its test panicked".to_owned());
        }
        if held.as_it_was {
            let record = held.hold.record();
            state = record.state;
            reason = record.reason.clone();
        }
        held.hold.end(Ending {
            pool: self.name.pool(),
            name: &self.name,
            state,
            reason,
            as_it_was: held.as_it_was,
            durable,
        })
    }
}

/// For commands, which hold a name before anything uses it.
#[cfg(feature = "tools")]
impl Lease {
    /// Says that nothing uses the name: until [`Lease::used`], giving it back leaves its
    /// state what the last holder made of it.
    pub fn unused(mut self) -> Self {
        self.keep_as_it_was();
        self
    }

    /// Says that the name is used from here on.
    pub fn used(&mut self) {
        self.made_ready();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Err(error) = self.end(false) {
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

/// A type that a test's parameter can have: a connected client, for example.
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
    /// Fail the test, and are part of its message.
    fn from_lease(lease: Lease) -> std::result::Result<Self, BoxError>;
}

impl FromLease for Lease {
    fn from_lease(lease: Lease) -> std::result::Result<Self, BoxError> {
        Ok(lease)
    }
}
