/// How a process is, seen from this one. For explanations only: process ids are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It runs.
    Running,
    /// It is stopped, by a signal or a debugger.
    Stopped,
    /// It has ended.
    Ended,
    /// It is in another pid namespace, that of another container for example: its id means
    /// nothing here.
    Elsewhere,
    /// Its namespace or ours is unknown.
    Unknown,
}

impl ProcessState {
    /// What people are told of a holder's process beside its id, if anything.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Self::Running | Self::Unknown => None,
            Self::Stopped => Some("stopped"),
            Self::Ended => Some("ended, but a process that it started keeps the lock"),
            Self::Elsewhere => Some("in another container"),
        }
    }

    /// For tools: `None` if unknown.
    #[cfg(feature = "tools")]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Running => Some("running"),
            Self::Stopped => Some("stopped"),
            Self::Ended => Some("ended"),
            Self::Elsewhere => Some("elsewhere"),
            Self::Unknown => None,
        }
    }
}
