use std::fmt;

use crate::base::clock::now;
use crate::base::json;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::record::{FORMAT, State};

/// What an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A request could not be granted at once.
    Waiting,
    /// A name was lent.
    Acquired,
    /// A name was given back.
    Released,
    /// A request's deadline passed.
    Timeout,
    /// A request failed because holders wait for each other in a circle.
    Deadlock,
    /// A holder ended without giving its name back; seen by the next one.
    Died,
    /// The state directory was removed under a holder.
    Lost,
    /// A pool's `setup`.
    Setup,
    /// A name's `init`.
    Init,
    /// A name's `reset`.
    Reset,
    /// A name's `cleanup`.
    Cleanup,
    /// A pool's `teardown`.
    Teardown,
}

json::words!(Kind: Waiting, Acquired, Released, Timeout, Deadlock, Died, Lost, Setup, Init, Reset, Cleanup, Teardown);

/// How far a hook (`setup`, `init`, `reset`, `cleanup`, `teardown`) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It is running.
    Started,
    /// It returned.
    Done,
    /// It failed or panicked; the event's `detail` says how.
    Failed,
}

json::words!(Phase: Started, Done, Failed);

impl Phase {
    /// As the journal writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Waiting,
        Self::Acquired,
        Self::Released,
        Self::Timeout,
        Self::Deadlock,
        Self::Died,
        Self::Lost,
        Self::Setup,
        Self::Init,
        Self::Reset,
        Self::Cleanup,
        Self::Teardown,
    ];

    /// As the journal writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Acquired => "acquired",
            Self::Released => "released",
            Self::Timeout => "timeout",
            Self::Deadlock => "deadlock",
            Self::Died => "died",
            Self::Lost => "lost",
            Self::Setup => "setup",
            Self::Init => "init",
            Self::Reset => "reset",
            Self::Cleanup => "cleanup",
            Self::Teardown => "teardown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The version of the format.
    pub v: u32,
    /// When, in microseconds since 1970, by the clock of the machine.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// The pool.
    pub pool: String,
    /// The name; none while waiting for any.
    pub name: Option<String>,
    /// The name's fence.
    pub fence: Option<u64>,
    /// One per request: what belongs to one `acquire` bears one id.
    pub id: String,
    /// Who: test, process, run, and where in the source.
    pub holder: Holder,
    /// More, in words: what is wanted, why it is dirty.
    pub detail: Option<String>,
    /// Microseconds that the request waited, in `acquired` and `timeout`.
    pub waited: Option<u64>,
    /// How, in `waiting`, `acquired` and `released`.
    pub access: Option<Access>,
    /// The state it was given back in, in `released`.
    pub state: Option<State>,
    /// How far it is, in the events of hooks.
    pub phase: Option<Phase>,
}

json::object!(read Event { v, time, kind, pool, name, fence, id, holder, detail, waited, access, state, phase });

impl Event {
    /// Whether a test or a hook failed.
    pub fn is_failure(&self) -> bool {
        let unclean = matches!(self.state, Some(State::Dirty | State::Broken));
        unclean || self.kind == Kind::Died || self.phase == Some(Phase::Failed)
    }
}

/// An event on its way into the journal: as [`Event`], borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) v: u32,
    pub(crate) time: u64,
    pub(crate) kind: Kind,
    pub(crate) pool: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) fence: Option<u64>,
    pub(crate) id: &'a str,
    pub(crate) holder: &'a Holder,
    pub(crate) detail: Option<&'a str>,
    pub(crate) waited: Option<u64>,
    pub(crate) access: Option<Access>,
    pub(crate) state: Option<State>,
    pub(crate) phase: Option<Phase>,
}

json::object!(write Entry<'_> { v, time, kind, pool, name, fence, id, holder, detail, waited, access, state, phase });

impl<'a> Entry<'a> {
    /// An event of now.
    pub(crate) fn new(kind: Kind, pool: &'a str, id: &'a str, holder: &'a Holder) -> Self {
        Self {
            v: FORMAT,
            time: now(),
            kind,
            pool,
            name: None,
            fence: None,
            id,
            holder,
            detail: None,
            waited: None,
            access: None,
            state: None,
            phase: None,
        }
    }
}
