//! The events of a pool's journal.

use std::fmt;

use crate::base::clock::now;
use crate::base::json;
use crate::terms::access::Access;
use crate::terms::holder::Holder;
use crate::terms::record::{FORMAT, State};

/// What an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
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
    /// A holder ended without releasing its name; found by the next holder.
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

/// Declares the fields of an event once, with their types in [`Event`] and in [`Entry`].
macro_rules! event {
    ($($(#[$doc:meta])* $field:ident: $read:ty => $written:ty,)+) => {
        /// One line of the journal.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Event {
            $($(#[$doc])* pub $field: $read,)+
        }

        json::object!(read Event { $($field),+ });

        /// An event on its way into the journal: as [`Event`], borrowed.
        #[derive(Clone, Copy)]
        pub(crate) struct Entry<'a> {
            $(pub(crate) $field: $written,)+
        }

        json::object!(write Entry<'_> { $($field),+ });
    };
}

event! {
    /// The version of the format.
    v: u32 => u32,
    /// When, in microseconds since 1970, by the machine's clock.
    time: u64 => u64,
    /// What happened.
    kind: Kind => Kind,
    /// The pool.
    pool: String => &'a str,
    /// The name; `None` while waiting for any.
    name: Option<String> => Option<&'a str>,
    /// The name's fence.
    fence: Option<u64> => Option<u64>,
    /// One per request: all events of one `acquire` have the same.
    id: String => &'a str,
    /// The holder or waiter: test, process, run, and where in the source.
    holder: Holder => &'a Holder,
    /// Details in words: what is wanted, why it is dirty.
    detail: Option<String> => Option<&'a str>,
    /// Microseconds that the request waited, in `acquired` and `timeout`.
    waited: Option<u64> => Option<u64>,
    /// The access, in `waiting`, `acquired` and `released`.
    access: Option<Access> => Option<Access>,
    /// The state that the name was released in, in `released`.
    state: Option<State> => Option<State>,
    /// How far it is, in the events of hooks.
    phase: Option<Phase> => Option<Phase>,
}

impl Event {
    /// Whether a test or a hook failed.
    pub fn is_failure(&self) -> bool {
        let unclean = matches!(self.state, Some(State::Dirty | State::Broken));
        unclean || self.kind == Kind::Died || self.phase == Some(Phase::Failed)
    }
}

impl<'a> Entry<'a> {
    /// An event that happens now.
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
