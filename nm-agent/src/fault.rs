//! What goes wrong, in the words of the lines.

use std::error::Error as _;

use nm_postgres::{Error, Kind};

use crate::wire::{Fault, FaultKind};

/// A fault that came of nothing else.
pub(crate) fn fault(kind: FaultKind, message: impl Into<String>) -> Fault {
    Fault {
        kind,
        message: message.into(),
        causes: Vec::new(),
    }
}

/// A failure of the server, or of what is said about it.
pub(crate) fn of_server(error: &Error) -> Fault {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    Fault {
        kind: match error.kind() {
            Kind::Config => FaultKind::Config,
            _ if is_cut(error) => FaultKind::Away,
            _ => FaultKind::Server,
        },
        message: error.to_string(),
        causes,
    }
}

/// A failure of this machine, while something was done.
pub(crate) fn of_machine(what: impl Into<String>, error: &std::io::Error) -> Fault {
    Fault {
        kind: FaultKind::Config,
        message: what.into(),
        causes: vec![error.to_string()],
    }
}

/// The whole of it, in one line.
pub(crate) fn line(fault: &Fault) -> String {
    let mut line = fault.message.clone();
    for cause in &fault.causes {
        line.push_str(": ");
        line.push_str(cause);
    }
    line
}

/// Whether the server may do it later: it has failed, and not said that it is of no use.
pub(crate) fn may_pass(error: &Error) -> bool {
    error.kind() == Kind::Server
}

/// Whether the server may answer again as if nothing had been.
pub(crate) fn is_cut(error: &Error) -> bool {
    matches!(error.kind(), Kind::Unreachable | Kind::Full)
}
