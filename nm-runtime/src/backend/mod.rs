//! The seam between what is asked of a pool and how it is decided which holder has a
//! name. May import `terms`, `base`, and nothing else.
//!
//! The layers above ([`lend`](crate::lend), [`life`](crate::life),
//! [`pool`](crate::pool)) know only these traits. [`local`](crate::local)
//! implements them with kernel locks, `memory` for tests without processes.

pub(crate) mod ask;
pub(crate) mod broken;
#[cfg(test)]
mod contract;
pub(crate) mod decisions;
#[cfg(test)]
pub(crate) mod doubles;
pub(crate) mod hold;
pub(crate) mod hook_files;
pub(crate) mod missing_code;
#[cfg(feature = "keys")]
pub(crate) mod own_name;
pub(crate) mod patience;
pub(crate) mod runs;
pub(crate) mod snapshot;

use std::fmt;
use std::sync::Arc;

use crate::backend::ask::{Answer, Ask};
use crate::backend::hook_files::HookFiles;
#[cfg(feature = "keys")]
use crate::backend::own_name::OwnName;
use crate::backend::patience::Patience;
use crate::backend::runs::Runs;
#[cfg(feature = "tools")]
use crate::backend::snapshot::Forgotten;
use crate::backend::snapshot::{Ahead, BlockedHead, Snapshot};
use crate::base::error::Result;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::event::{Entry, Event};
#[cfg(feature = "tools")]
use crate::terms::holder::Holder;
use crate::terms::record::Tenure;

/// Decides which holders have the names of one pool. One value for each opened pool
/// and process.
///
/// Every backend keeps these promises, and `tests/conformance` tries them on each:
///
/// - Exclusion: a name has one exclusive holder, or readers, and never both.
/// - No overtaking: once a request is waiting, later requests are never served before
///   it, unless the two could never be in each other's way.
/// - A holder that ends, however it ends, has released what it held, and the next
///   waiter is woken.
/// - What is granted has the record as it is now, with its new holder in it.
/// - A process that lacks the hooks or the allocator that another one has declared is
///   lent nothing.
/// - Nothing blocks without asking its [`Patience`].
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Takes what is asked for, waiting for it. Never answers [`Answer::Busy`].
    fn acquire(&self, ask: &Ask<'_>, patience: &mut dyn Patience) -> Result<Answer>;

    /// Takes what is asked for if it is free now, overtaking no waiter.
    fn try_acquire(&self, ask: &Ask<'_>) -> Result<Answer>;

    /// Takes the name that is given, for the rest of the process; `None` if somebody else has
    /// it, or this backend has none to give away.
    #[cfg(feature = "keys")]
    fn own_name(&self, ask: &Ask<'_>) -> Result<Option<Box<dyn OwnName>>> {
        let _ = ask;
        Ok(None)
    }

    /// Tells the allocator of every holder that has ended, as the next request would,
    /// unless one is being served.
    fn take_back(&self, ask: &Ask<'_>) -> Result<()>;

    /// Whether requests and leases keep files open, so that the process must not run
    /// out of descriptors because many threads ask together.
    fn keeps_files_open(&self) -> bool;

    /// Identifies the pool among all pools of all backends: what [`Waiting::dir`] says.
    fn key(&self) -> &str;

    /// What is known about the pool with this key at this moment; `None` if this
    /// backend cannot look at it. Explains, never decides.
    fn snapshot(&self, key: &str) -> Result<Option<Snapshot>>;

    /// The same of this pool, for a message to people: as it was a moment ago, where that costs less.
    fn recent(&self) -> Result<Option<Snapshot>> {
        self.snapshot(self.key())
    }

    /// Who is served before this request of the queue, whose head shows itself so: for
    /// people.
    fn ahead(&self, ask: &Ask<'_>, head: Option<&BlockedHead>) -> Ahead;

    /// Changes what the record of a held name says of this holder: what it waits for
    /// meanwhile, for example. Failures are not reported: others merely miss an explanation.
    fn publish(&self, name: &str, token: &str, change: &dyn Fn(&mut Tenure));

    /// What the first binary of this run said of the pool's size. With `ours`, and
    /// if there was none, that becomes it and the answer is `None`.
    fn declare(&self, run: &str, ours: Option<&Declaration>) -> Result<Option<Declaration>>;

    /// What the latest runs said, the oldest first.
    fn declarations(&self) -> Result<Vec<Declaration>>;

    /// The user code that the pool depends on, as processes have declared it.
    fn code(&self) -> Result<PoolCode>;

    /// Declares what this process contains; answers what had been declared before.
    fn declare_code(&self, ours: &PoolCode) -> Result<PoolCode>;

    /// Writes to the pool's journal. Costs no lease if it fails.
    fn log(&self, entry: &Entry<'_>);

    /// The pool's journal, oldest event first: all from this time on (microseconds since
    /// 1970), perhaps with some from before.
    fn events(&self, since: u64) -> Result<Box<dyn Iterator<Item = Result<Event>>>>;

    /// The runs that use the pool. The same value until the pool is removed and
    /// made again: a run that joined the old one has joined nothing then.
    fn runs(&self) -> Result<Arc<dyn Runs>>;

    /// The files of a hook of this name, or of the pool itself, that is a command. Waits
    /// while a hook that a dead process had begun is being ended. `None` if there are none,
    /// since the pool has been removed.
    fn hook_files(
        &self,
        name: Option<&str>,
        patience: &mut dyn Patience,
    ) -> Result<Option<HookFiles>>;

    /// Forgets what is known about names: see [`Pool::forget`](crate::Pool::forget).
    #[cfg(feature = "tools")]
    fn forget(&self, holder: &Holder, force: bool) -> Result<Forgotten>;
}
