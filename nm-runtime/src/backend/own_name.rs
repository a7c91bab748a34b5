//! The name that belongs to this process, of which its threads take turns.

use std::fmt;
use std::time::Duration;

use crate::backend::ask::RequestId;
use crate::identity::asker::Asker;
use crate::terms::access::Access;
use crate::terms::record::State;

/// What others see of a name that its process has to itself as long as it lives: which of its threads
/// has it is decided in memory, and only told here. What cannot be written down costs nobody
/// a turn.
pub(crate) trait OwnName: fmt::Debug + Send + Sync {
    /// A turn begins, after a wait of this length; with `beside`, other readers have theirs.
    fn begin(&self, turn: &OwnTurn, waited: Duration, beside: bool);

    /// A turn ends, and leaves the name in this state.
    fn end(&self, turn: &OwnTurn, after: After);

    /// Whether others wait. Then what later comes waits behind them, and whatever changes is
    /// told at once.
    fn is_awaited(&self, awaited: bool);
}

/// One thread's time with the name.
#[derive(Clone, Debug)]
pub(crate) struct OwnTurn {
    pub(crate) asker: Asker,
    /// When it began, in microseconds since 1970.
    pub(crate) since: u64,
    pub(crate) access: Access,
    pub(crate) request: RequestId,
}

/// How a turn leaves a name, and why.
pub(crate) type After = (State, Option<&'static str>);
