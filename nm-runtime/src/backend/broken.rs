//! Names that are not lent in the run that found them broken.

use crate::backend::ask::Ask;
use crate::base::error::{Error, Kind, Result};
use crate::terms::record::{Record, State};

/// Why this name is not lent to the request, if it is broken in its run.
pub(crate) fn reason(ask: &Ask<'_>, name: &str, record: &Record) -> Option<String> {
    let in_this_run = record.broken_in.as_deref() == Some(&*ask.holder.run);
    if ask.even_broken || record.state != State::Broken || !in_this_run {
        return None;
    }
    let reason = record.reason.as_deref().unwrap_or("no reason given");
    Some(format!("`{name}`: {reason}"))
}

/// The error of a request for which no usable name is left.
pub(crate) fn error(pool: &str, reason: &str) -> Error {
    Error::new(
        Kind::Broken,
        format!(
            "pool `{pool}` has no usable name left in this run: {reason}; mend the cause and start a new run"
        ),
    )
}

/// The broken names that were met while looking through the pool.
#[derive(Default)]
pub(crate) struct Broken {
    count: usize,
    first: Option<String>,
}

impl Broken {
    pub(crate) fn add(&mut self, reason: String) {
        self.count += 1;
        self.first.get_or_insert(reason);
    }

    /// An error if too few names are left: waiting would never end.
    pub(crate) fn check(self, ask: &Ask<'_>) -> Result<()> {
        match (self.first, ask.names.capacity()) {
            (Some(reason), Some(capacity)) if capacity - self.count < ask.count => {
                Err(error(ask.pool, &reason))
            }
            _ => Ok(()),
        }
    }
}
