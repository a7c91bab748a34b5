use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::record::State;
use crate::who::Who;

/// What an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A request could not be granted at once.
    Waiting,
    /// A name was lent.
    Acquired,
    /// A name was released.
    Released,
    /// A request's deadline passed.
    Timeout,
    /// A request failed because it was part of a deadlock cycle.
    Deadlock,
    /// A holder ended without releasing its name.
    Died,
    /// The server forgot a grant, and others may have been lent the name since.
    Lost,
    /// A pool's `setup`.
    Setup,
    /// A name's `init`.
    Init,
    /// A name's `reset`; or all that was known of it is forgotten.
    Reset,
    /// A name's `cleanup`.
    Cleanup,
    /// A pool's `teardown`.
    Teardown,
}

/// How far a hook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It is running.
    Started,
    /// It returned.
    Done,
    /// It failed or panicked.
    Failed,
}

/// One event of a pool's journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// The version of the format.
    pub v: u32,
    /// When, in microseconds since 1970, by the clock of who wrote it down.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// The pool.
    pub pool: String,
    /// The name; `None` while waiting for any.
    pub name: Option<String>,
    /// The lease's fence.
    pub fence: Option<u64>,
    /// One per request, for people.
    pub id: String,
    /// The holder or waiter.
    pub holder: Who,
    /// Details in words.
    pub detail: Option<String>,
    /// Microseconds that the request waited.
    pub waited: Option<u64>,
    /// The access.
    pub access: Option<Access>,
    /// The state that the name was released in.
    pub state: Option<State>,
    /// How far it is, in the events of hooks.
    pub phase: Option<Phase>,
}
