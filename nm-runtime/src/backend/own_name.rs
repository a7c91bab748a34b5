//! The name that belongs to this process, of which its threads take turns.

use std::fmt;
use std::time::Duration;

use crate::backend::ask::RequestId;
use crate::terms::record::{State, Tenure};

/// What others see of a name that its process has to itself as long as it lives: which of its threads
/// has it is decided in memory, and only told here. What cannot be written down costs nobody
/// a turn.
pub(crate) trait OwnName: fmt::Debug + Send + Sync {
    /// A turn begins, after a wait of this length; with `beside`, other readers have theirs.
    fn begin(&self, tenure: &Tenure, request: RequestId, waited: Duration, beside: bool);

    /// A turn ends, and leaves the name in this state.
    fn end(&self, tenure: &Tenure, request: RequestId, after: After);

    /// Whether others wait. Then what later comes waits behind them, and whatever changes is
    /// told at once.
    fn is_awaited(&self, awaited: bool);
}

/// How a turn leaves a name, and why.
pub(crate) type After = (State, Option<&'static str>);
