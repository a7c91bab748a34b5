//! Looks at a pool's files, without making a waiter miss a name. Explains, never decides.

use std::io;
use std::path::Path;

use nm_os::{Bell, Dir, ProcessState, process_state};

use crate::backend::snapshot::{NameSnapshot, Snapshot};
use crate::local::lock::{Locked, is_locked};
use crate::local::{blocked_head, files, pool_life};
use crate::terms::access::Access;
use crate::terms::record::{Record, Tenure};

/// The pool in this directory, which need not exist.
pub(crate) fn snapshot(pool_dir: &Path) -> io::Result<Snapshot> {
    let names_dir = pool_dir.join(files::NAMES);
    let head = blocked_head::read(pool_dir);
    let taken = |name: &String| head.as_ref().is_some_and(|head| head.taken.contains(name));
    let names = recorded(&names_dir)?.into_iter();
    let names = names.map(|name| look_at(&names_dir, taken(&name), name));
    Ok(Snapshot {
        names: names.collect(),
        head,
        hook: pool_life::running_hook(pool_dir),
        silent: Vec::new(),
        anew: None,
    })
}

/// `taken`: by the head of the queue, whose lease has not begun yet.
fn look_at(names_dir: &Path, taken: bool, name: String) -> NameSnapshot {
    let text = nm_os::read_regular(&names_dir.join(files::record(&name)));
    let record = text.as_ref().ok().and_then(|text| Record::parse(text));
    let mut holders = record.as_ref().map_or(Vec::new(), |it| it.holders.clone());
    keep_live(&mut holders, names_dir, &name, taken);
    let reservation = nm_os::open_regular(&names_dir.join(files::reservation(&name)));
    NameSnapshot {
        #[cfg(feature = "tools")]
        unreadable: record.is_none() && text.is_ok_and(|text| !text.is_empty()),
        record,
        holders,
        reserved: reservation.is_ok_and(is_locked),
        name,
    }
}

/// Removes what a record says of holders that hold the name no longer: the lock tells
/// whether it is held. ProcessState ids tell a little more where they mean something: which of
/// several readers have died, and that it is a child that keeps the lock.
fn keep_live(holders: &mut Vec<Tenure>, names_dir: &Path, name: &str, taken: bool) {
    let Some(first) = holders.first() else {
        return;
    };
    let process = |tenure: &Tenure| process_state(tenure.holder.pid, tenure.holder.pid_namespace);
    let ended = |tenure: &Tenure| process(tenure) == ProcessState::Ended;
    let held = match taken {
        // The lock is the head's. It can share it with readers.
        true => {
            let live = [ProcessState::Running, ProcessState::Stopped];
            return holders.retain(|tenure| live.contains(&process(tenure)));
        }
        false => is_held(names_dir, name, first.access),
    };
    match held {
        Some(false) => holders.clear(),
        Some(true) if holders.iter().all(ended) => {
            // The child does not wait for anything.
            holders.iter_mut().for_each(|tenure| tenure.waiting = None);
        }
        _ => holders.retain(|tenure| !ended(tenure)),
    }
}

/// Whether a name that its record shows as held with this access is held; `None` if its
/// lock cannot be tried. If it is free, it is locked for a moment: a head of the queue
/// that tries it meanwhile is woken to try again.
fn is_held(names_dir: &Path, name: &str, access: Access) -> Option<bool> {
    let file = match nm_os::open_regular(&names_dir.join(files::lock(name))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(false),
        file => file.ok()?,
    };
    // Shared where that is enough, so that two processes that look do not take each other
    // for the holder.
    let other = match access {
        Access::Exclusive => Access::Shared,
        Access::Shared => Access::Exclusive,
    };
    match Locked::try_lock(file, other).ok()? {
        Ok(lock) => {
            drop(lock);
            if let Some(pool_dir) = names_dir.parent()
                && let Ok(bell) = Dir::open(pool_dir).and_then(|dir| Bell::open(&dir, files::BELL))
            {
                bell.ring();
            }
            Some(false)
        }
        Err(_) => Some(true),
    }
}

/// The record of a name, which another process may be writing.
pub(crate) fn read(names_dir: &Path, name: &str) -> Option<Record> {
    let path = names_dir.join(files::record(name));
    Record::parse(&nm_os::read_regular(&path).ok()?)
}

/// Names that were ever lent, as people count: 2 before 10.
pub(crate) fn recorded(names_dir: &Path) -> io::Result<Vec<String>> {
    let entries = match nm_os::list(names_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let file = entry?.file_name();
        if let Some(name) = file.to_str().and_then(files::name_of_record) {
            let order = |known: &String| (known.len(), known.as_str()).cmp(&(name.len(), name));
            let (Ok(place) | Err(place)) = names.binary_search_by(order);
            names.insert(place, name.to_owned());
        }
    }
    Ok(names)
}
