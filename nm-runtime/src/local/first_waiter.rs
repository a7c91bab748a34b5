//! The first waiter of a pool's queue, from its ticket: for people. A head that has waited a
//! while says more itself.

#[cfg(feature = "tools")]
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::backend::ask::RequestId;
use crate::backend::decisions::Asker;
use crate::base::json;
use crate::local::files;
use crate::local::lock::is_locked;
use crate::sys;
use crate::terms::holder::Holder;

/// The first waiter of the pool with this directory, if there is one.
pub(crate) fn find(pool_dir: &Path) -> Option<Holder> {
    let line = pool_dir.join(files::TICKETS);
    // Most often it is the one that was the first when this was last known; so nobody looks
    // through the queue, however long it is.
    let noted = sys::read_regular(&line.join(files::FIRST_TICKET)).ok();
    let noted = noted.and_then(|noted| Some(str::from_utf8(&noted).ok()?.trim_end().to_owned()));
    if let Some(name) = noted.filter(|name| number(name).is_some() && !name.contains('/'))
        && let Some(holder) = owner(&line.join(name))
    {
        return Some(holder);
    }
    let mut names = names(&line);
    names.sort_unstable();
    names.iter().find_map(|(_, name)| owner(&line.join(name)))
}

/// How many requests of the queue are before this one, but for the first.
pub(crate) fn others_before(pool_dir: &Path, request: RequestId, first: Option<&Holder>) -> usize {
    let line = pool_dir.join(files::TICKETS);
    let mut names = names(&line);
    names.sort_unstable();
    let own = format!(".{}", request.text());
    let Some(before) = names.iter().position(|(_, name)| name.ends_with(&own)) else {
        return 0;
    };
    // The head of the queue has a ticket if it came when others waited.
    let is_first = |(_, name): &(u64, String)| {
        let owner = owner(&line.join(name));
        owner.is_some_and(|owner| first.is_some_and(|first| owner.token == first.token))
    };
    before - usize::from(names[..before].first().is_some_and(is_first))
}

/// The owner of a ticket, as it says; `None` if it is gone.
fn owner(ticket: &Path) -> Option<Holder> {
    if !is_locked(sys::open_regular(ticket).ok()?) {
        return None;
    }
    let said = sys::read_regular(ticket).ok()?;
    let asker = || Some(json::from_slice::<Asker>(&said)?.holder);
    json::from_slice(&said).or_else(asker)
}

/// The live tickets of the pool's queue: number and request.
#[cfg(feature = "tools")]
pub(crate) fn tickets(pool_dir: &Path) -> BTreeMap<u64, String> {
    let line = pool_dir.join(files::TICKETS);
    let is_live = |name: &str| sys::open_regular(&line.join(name)).is_ok_and(is_locked);
    let names = names(&line).into_iter();
    let live = names.filter(|(_, name)| is_live(name));
    let request = |name: &str| name.split_once('.').map(|(_, request)| request.to_owned());
    live.filter_map(|(number, name)| Some((number, request(&name)?)))
        .collect()
}

/// All tickets, with their numbers.
fn names(line: &Path) -> Vec<(u64, String)> {
    // A pool that never had a waiter has no tickets.
    let entries = fs::read_dir(line).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| Some((number(&name)?, name)))
        .collect()
}

fn number(ticket: &str) -> Option<u64> {
    ticket.split_once('.')?.0.parse().ok()
}
