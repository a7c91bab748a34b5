//! The names of the tickets of a pool's queue.

use std::io;
use std::path::Path;

use crate::backend::ask::RequestId;

/// A ticket in the queue, as its file is named: `number.request`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TicketFile {
    pub(crate) number: u64,
    pub(crate) name: String,
}

impl TicketFile {
    pub(crate) fn of(number: u64, request: RequestId) -> Self {
        Self {
            number,
            name: format!("{number:010}.{}", request.text()),
        }
    }

    /// With this name, if a ticket can have it.
    pub(crate) fn named(name: String) -> Option<Self> {
        let (number, _) = name.split_once('.')?;
        let number = number.parse().ok()?;
        // Numbers begin at 1. A much larger one was made by hand: there must be a next.
        let is_ours = (1..u64::MAX).contains(&number) && !name.contains(['/', '\\']);
        is_ours.then_some(Self { number, name })
    }

    pub(crate) fn request(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, request)| request)
    }
}

/// All tickets in this directory, in no order.
pub(crate) fn list(line: &Path) -> io::Result<Vec<TicketFile>> {
    let mut found = Vec::new();
    for entry in nm_os::list(line)? {
        let name = entry?.file_name().into_string();
        found.extend(name.ok().and_then(TicketFile::named));
    }
    Ok(found)
}
