//! What is known about a pool at one moment: for messages, deadlock detection, the
//! reaper and people. Explains, never decides.

use std::time::Duration;

use crate::base::json;
use crate::terms::holder::Holder;
use crate::terms::pool_life::PoolHook;
use crate::terms::record::{FORMAT, Record, Tenure, Waiting};

/// How the keys of pools on a server begin; those of other pools are absolute paths.
#[cfg_attr(
    not(all(unix, feature = "server")),
    allow(dead_code, reason = "no pool is on a server there")
)]
pub(crate) const SERVER_KEY: &str = "server:";

/// A look at one pool.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// Names that were ever lent, as people count: 2 before 10.
    pub(crate) names: Vec<NameSnapshot>,
    /// The head of the queue, if it has published that it waits.
    pub(crate) head: Option<BlockedHead>,
    /// The pool's hook that is running: no request is granted a name meanwhile.
    pub(crate) hook: Option<PoolHook>,
    /// Machines of which nothing was heard for a while.
    pub(crate) silent: Vec<Silence>,
    /// The server has started anew, and lends nothing for this long.
    pub(crate) anew: Option<Duration>,
}

/// A machine of which nothing was heard for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) host: String,
    /// For how long, at least.
    pub(crate) lasts: Duration,
    /// How long that may last before its names are lent on.
    pub(crate) lease: Duration,
}

/// A look at one name.
#[derive(Debug)]
pub(crate) struct NameSnapshot {
    pub(crate) name: String,
    /// `None` if there is no record yet, or it is unreadable.
    pub(crate) record: Option<Record>,
    /// Whether the record is damaged, or just being written.
    #[cfg(feature = "tools")]
    pub(crate) unreadable: bool,
    /// Whether it is reserved for a waiter for this very name.
    pub(crate) reserved: bool,
    /// The holders in the record that are alive.
    pub(crate) holders: Vec<Tenure>,
}

#[cfg(feature = "tools")]
impl NameSnapshot {
    pub(crate) fn never_lent(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            record: None,
            unreadable: false,
            reserved: false,
            holders: Vec::new(),
        }
    }
}

/// Who is served before a request of the queue.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// The head, or the first waiter behind it.
    pub(crate) first: Option<Holder>,
    pub(crate) others: Others,
}

/// How many more are before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// But for a few that may have ended.
    Exactly(usize),
    /// In a long queue, which nobody looks through.
    UpTo(u64),
}

impl Default for Others {
    fn default() -> Self {
        Self::Exactly(0)
    }
}

/// A head of the queue that waits.
#[derive(Clone, Debug)]
pub(crate) struct BlockedHead {
    pub(crate) v: u32,
    pub(crate) holder: Holder,
    /// What it waits for; the count is that of the names it still lacks.
    pub(crate) waiting: Waiting,
    /// The names that it has already taken.
    pub(crate) taken: Vec<String>,
}

json::object!(BlockedHead {
    v,
    holder,
    waiting,
    taken
});

impl BlockedHead {
    pub(crate) fn new(holder: Holder, mut waiting: Waiting, taken: Vec<String>) -> Self {
        waiting.count = waiting.count.saturating_sub(taken.len() as u64);
        Self {
            v: FORMAT,
            holder,
            waiting,
            taken,
        }
    }
}

/// What [`Pool::forget`](crate::Pool::forget) did.
#[cfg(feature = "tools")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Names that are as if they had never been lent.
    pub names: Vec<String>,
    /// Names that are lent. They were left as they are.
    pub lent: Vec<String>,
    /// There are waiters, which must not be overtaken: all names were left.
    pub awaited: bool,
}
