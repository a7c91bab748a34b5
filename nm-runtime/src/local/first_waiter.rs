//! The first waiter of a pool's queue, from its ticket: for people. A head that has waited a
//! while says more itself.

#[cfg(feature = "tools")]
use std::collections::BTreeMap;
use std::path::Path;

use crate::backend::ask::RequestId;
use crate::backend::decisions::Asker;
use crate::backend::snapshot::Others;
use crate::base::json;
use crate::local::files;
use crate::local::lock::is_locked;
use crate::local::ticket_file::{TicketFile, list};
use crate::terms::holder::Holder;

/// The first waiter of the pool with this directory, if there is one.
pub(crate) fn find(pool_dir: &Path) -> Option<Holder> {
    let line = pool_dir.join(files::TICKETS);
    // Most often it is the one that was the first when this was last known; so nobody looks
    // through the queue, however long it is.
    let noted = noted(&line, files::FIRST_TICKET);
    let first = noted.and_then(|ticket| owner(&line, &ticket));
    first.or_else(|| {
        let mut tickets = all(&line);
        loop {
            let next = (0..tickets.len()).min_by_key(|at| tickets[*at].number)?;
            if let Some(owner) = owner(&line, &tickets.swap_remove(next)) {
                return Some(owner);
            }
        }
    })
}

/// A queue is long from so many tickets on: if each waiter of one looked through it, they would
/// keep the machine busy with that.
const LONG: u64 = 250;

/// How many requests of the queue are before this one, but for the first.
pub(crate) fn others_before(pool_dir: &Path, request: RequestId, first: Option<&Holder>) -> Others {
    let line = pool_dir.join(files::TICKETS);
    let drawn = |name| noted(&line, name).map_or(0, |ticket| ticket.number);
    let length = drawn(files::LAST_TICKET).saturating_sub(drawn(files::FIRST_TICKET));
    if length > LONG {
        return Others::UpTo(length);
    }
    let (mut tickets, own) = (all(&line), request.text());
    let Some(own) = tickets.iter().position(|it| it.request() == own) else {
        return Others::Exactly(0);
    };
    let own = tickets.swap_remove(own);
    tickets.retain(|it| *it < own);
    // The head of the queue has a ticket if it came when others waited.
    let is_first = |ticket: &TicketFile| {
        let owner = owner(&line, ticket);
        owner.is_some_and(|owner| first.is_some_and(|first| owner.token == first.token))
    };
    Others::Exactly(tickets.len() - usize::from(tickets.iter().min().is_some_and(is_first)))
}

/// The ticket that this file beside the tickets names.
fn noted(line: &Path, name: &str) -> Option<TicketFile> {
    let noted = String::from_utf8(nm_os::read_regular(&line.join(name)).ok()?).ok()?;
    TicketFile::named(noted.trim_end().to_owned())
}

/// The owner of a ticket, as it says; `None` if it is gone.
fn owner(line: &Path, ticket: &TicketFile) -> Option<Holder> {
    let path = line.join(&ticket.name);
    if !is_locked(nm_os::open_regular(&path).ok()?) {
        return None;
    }
    let said = nm_os::read_regular(&path).ok()?;
    let asker = || Some(json::from_slice::<Asker>(&said)?.holder);
    json::from_slice(&said).or_else(asker)
}

/// The live tickets of the pool's queue: number and request.
#[cfg(feature = "tools")]
pub(crate) fn tickets(pool_dir: &Path) -> BTreeMap<u64, String> {
    let line = pool_dir.join(files::TICKETS);
    let is_live =
        |ticket: &TicketFile| nm_os::open_regular(&line.join(&ticket.name)).is_ok_and(is_locked);
    let live = all(&line).into_iter().filter(is_live);
    live.map(|it| (it.number, it.request().to_owned()))
        .collect()
}

fn all(line: &Path) -> Vec<TicketFile> {
    // A pool that never had a waiter has no tickets.
    list(line).unwrap_or_default()
}
