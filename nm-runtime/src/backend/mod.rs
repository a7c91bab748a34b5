//! The seam between what is asked of a pool and how it is decided who holds its
//! names. May import `terms`, `base`, and nothing else.
//!
//! What stands above ([`lend`](crate::lend), [`life`](crate::life),
//! [`pool`](crate::pool)) knows these traits alone. [`local`](crate::local)
//! implements them with kernel locks.

pub(crate) mod ask;
pub(crate) mod hold;
pub(crate) mod missing_code;
pub(crate) mod patience;
pub(crate) mod runs;
pub(crate) mod snapshot;

use std::fmt;
use std::sync::Arc;

use crate::backend::ask::{Answer, Ask};
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::Snapshot;
use crate::base::error::Result;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
#[cfg(feature = "tools")]
use crate::terms::holder::Holder;
use crate::terms::record::Waiting;

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

    /// What the latest runs said, in any order.
    fn declarations(&self) -> Result<Vec<Declaration>>;

    /// The user code that the pool depends on, as processes said that contain it.
    fn code(&self) -> Result<PoolCode>;

    /// Says what this process contains; returns what had been said before.
    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode>;

    /// Writes to the pool's journal. Costs nobody a lease when it fails.
    fn log(&self, entry: &Entry<'_>);

    /// The pool's journal, oldest event first: all from this time on (microseconds since
    /// 1970), perhaps with some from before.
    fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>>;

    /// The runs that use the pool. The same value until the pool is removed and
    /// made again: a run that joined the old one has joined nothing then.
    fn runs(&self) -> Result<Arc<dyn Runs>>;

    /// Forgets what is known of names: see [`Pool::forget`](crate::Pool::forget).
    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten>;
}
