//! The first waiter of a pool's queue, from its ticket and the journal: for people. A head
//! that has waited a while says more itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::journal::{Kind, Reader};
use crate::local::files;
use crate::local::lock::is_locked;
use crate::sys;
use crate::terms::holder::Holder;

/// How much of the journal is read first.
const ENOUGH: u64 = 1 << 17;

/// The first waiter of the pool with this directory, if there is one and its event is still
/// in the journal.
pub(crate) fn find(pool_dir: &Path) -> Option<Holder> {
    let (_, request) = tickets(pool_dir).pop_first()?;
    let mut size = ENOUGH;
    loop {
        let events = Reader::open_near_end(pool_dir, size).ok()?;
        let whole = events.is_whole();
        let mut waiting = events.filter_map(|event| {
            let event = event.ok()?;
            (event.kind == Kind::Waiting && event.id == request).then_some(event.holder)
        });
        match waiting.next() {
            None if !whole => size = size.saturating_mul(8),
            found => return found,
        }
    }
}

/// The live tickets of the pool's queue: number and request.
pub(crate) fn tickets(pool_dir: &Path) -> BTreeMap<u64, String> {
    let path = pool_dir.join(files::TICKETS);
    let mut tickets = BTreeMap::new();
    // A pool that never had a waiter has no tickets.
    let Ok(entries) = fs::read_dir(&path) else {
        return tickets;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Some((number, request)) = name.split_once('.') else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        let file = sys::open_regular(&entry.path());
        if file.is_ok_and(is_locked) {
            tickets.insert(number, request.to_owned());
        }
    }
    tickets
}
