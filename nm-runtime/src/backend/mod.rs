//! The seam between what is asked of a pool and how it is decided who holds its
//! names. May import `terms`, `base`, and nothing else.
//!
//! What stands above ([`lend`](crate::lend), [`life`](crate::life),
//! [`pool`](crate::pool)) knows these traits alone. [`local`](crate::local)
//! implements them with kernel locks.

pub(crate) mod ask;
pub(crate) mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::ask::{Answer, Ask, Ending};
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::Snapshot;
use crate::base::error::Result;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolLife;
use crate::terms::record::{Record, Waiting};

/// Decides who holds the names of one pool. One value for each opened pool and
/// process.
///
/// Every backend keeps these promises, and `tests/conformance` tries them on each:
///
/// - Exclusion: a name has one exclusive holder, or readers, and never both.
/// - Arrival order: nobody who asks after another's wait has begun is served
///   before it, unless their requests could never be in each other's way.
/// - Whoever ends, however it ends, has given back what it held, and the next
///   waiter is told.
/// - What is granted bears the record as it is now, with its new holder in it.
/// - Nothing blocks without asking its [`Patience`].
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Takes what is asked for, waiting for it. Never answers [`Answer::Busy`].
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answer>;

    /// Takes what is asked for if it can be had now, overtaking no waiter.
    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answer>;

    /// Names the pool among all pools of all backends: what [`Waiting::dir`] says.
    fn key(&self) -> &str;

    /// What is known of the pool with this key at the moment; `None` if it is not
    /// one that this backend can look at. Explains, never decides.
    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>>;

    /// Shows in the record of a held name what its holder waits for meanwhile.
    /// Failures are not told: others would merely miss the reason of a deadlock.
    fn publish(&self, name: &str, token: &str, waiting: Option<&Waiting>);

    /// What the first binary of this run said of the pool's size. With `ours`, and
    /// if there was none, that becomes it and the answer is `None`.
    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>>;

    /// Writes to the pool's journal. Costs nobody a lease when it fails.
    fn log(&self, entry: &Entry<'_>);

    /// The pool's journal, oldest event first.
    fn events(&self) -> Result<Box<dyn Iterator<Item = Result<Event>>>>;

    /// The runs that use the pool. The same value until the pool is removed and
    /// made again: a run that joined the old one has joined nothing then.
    fn runs(&self) -> Result<Arc<dyn Runs>>;

    /// Forgets what is known of names: see [`Pool::forget`](crate::Pool::forget).
    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten>;
}

/// A name that is held. Dropped without [`Hold::end`], the name goes back as it was.
pub(crate) trait Hold: fmt::Debug + Send {
    /// Which name it is.
    fn name(&self) -> &str;

    /// Its holder, as the record has it.
    fn holder(&self) -> &Arc<Holder>;

    /// The record in memory, as it was granted or last changed here.
    fn record(&mut self) -> &mut Record;

    /// Writes the record as it is in memory. For the only holder.
    fn save(&mut self) -> Result<()>;

    /// Changes the stored record beside other readers, who may do the same.
    fn amend(&mut self, change: &mut dyn FnMut(&mut Record)) -> Result<()>;

    /// Lets other readers in. False if a writer was quicker: the name is lost, and
    /// its record is no longer ours to change.
    fn share(&mut self) -> Result<bool>;

    /// Gives the name back: event, record, unlock, wake, in that order.
    fn end(self: Box<Self>, ending: Ending<'_>) -> Result<()>;
}

/// How a backend waits: it asks, and the engine decides on deadline, deadlock and
/// what people are told.
pub(crate) trait Patience {
    /// The request blocks. Called each time; the first one counts.
    fn blocked(&mut self);

    /// The request goes on to wait beside the queue for its given name, which is
    /// reserved for it, or not yet.
    fn beside(&mut self, reserved: bool);

    /// By when [`Patience::tick`] must be called again.
    fn until(&self) -> Instant;

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// When the request is to give up.
    fn tick(&mut self) -> Result<()>;

    /// Since the request was made; `None` if it was never blocked.
    fn waited(&self) -> Option<Duration>;
}

/// Runs, as far as a pool's life depends on them.
pub(crate) trait Runs: fmt::Debug + Send + Sync {
    /// Makes this process one of the run's, as long as the guard lives. Waits while
    /// what an earlier part of the run left is cleaned up.
    fn join(&self, run: &str, patience: &mut dyn Patience) -> Result<Box<dyn Guard>>;

    /// Whether some process of the run is alive, or its reaper. Not for the
    /// caller's own run.
    fn is_alive(&self, run: &str) -> Result<bool>;

    /// Sees to it that the run has a reaper: calls `start` if there is none, one
    /// process at a time.
    fn ensure_reaper(&self, run: &str, start: &mut dyn FnMut() -> Result<()>) -> Result<()>;

    /// Becomes the run's reaper; `None` if there is one.
    fn stand_by<'a>(&'a self, run: &str) -> Result<Option<Box<dyn Reaping + 'a>>>;

    /// Locks the pool's part of the life, waiting for it.
    fn life<'a>(&'a self, patience: Option<&mut dyn Patience>) -> Result<Box<dyn LifeLock + 'a>>;
}

/// Membership of a run. Left when it drops, in the process that joined.
pub(crate) trait Guard: fmt::Debug + Send + Sync {}

/// A reaper's hold on its run, which counts as alive until [`Reaping::begin`].
pub(crate) trait Reaping {
    /// The runner has ended: waits until no process of the run is alive and no
    /// other reaper cleans. From here on no process can join the run.
    fn begin(&mut self) -> Result<()>;

    /// The run is cleaned up after: forgets it, and runs whose reapers died.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The pool's part of the life, locked.
pub(crate) trait LifeLock {
    /// As it is stored.
    fn read(&self) -> Result<PoolLife>;

    /// Stores it.
    fn write(&self, life: &PoolLife) -> Result<()>;
}
