//! Looks at a pool's files without taking a lock that could make a waiter miss a name.
//! Explains, never decides.

use std::io;
use std::path::Path;

use crate::backend::snapshot::{NameSnapshot, Snapshot};
use crate::local::lock::Locked;
use crate::local::{blocked_head, files};
use crate::sys::{self, OpenFile};
use crate::terms::access::Access;
use crate::terms::record::Record;

/// The pool in this directory, which need not exist.
pub(crate) fn snapshot(pool_dir: &Path) -> io::Result<Snapshot> {
    let names_dir = pool_dir.join(files::NAMES);
    let names = recorded(&names_dir)?.into_iter();
    Ok(Snapshot {
        names: names.map(|name| look_at(&names_dir, name)).collect(),
        head: blocked_head::read(pool_dir),
    })
}

fn look_at(names_dir: &Path, name: String) -> NameSnapshot {
    let text = sys::read_regular(&names_dir.join(files::record(&name)));
    let record = text.as_ref().ok().and_then(|text| Record::parse(text));
    let mut holders = record.as_ref().map_or(Vec::new(), |it| it.holders.clone());
    // A dead holder's name is free, whatever its record says.
    holders.retain(|tenure| sys::is_alive(tenure.holder.pid));
    let reservation = sys::open_regular(&names_dir.join(files::reservation(&name)));
    NameSnapshot {
        #[cfg(feature = "tools")]
        unreadable: record.is_none() && text.is_ok_and(|text| !text.is_empty()),
        record,
        holders,
        reserved: reservation.is_ok_and(is_locked),
        name,
    }
}

/// The record of a name, which another process may be writing.
pub(crate) fn read(names_dir: &Path, name: &str) -> Option<Record> {
    let path = names_dir.join(files::record(name));
    Record::parse(&sys::read_regular(&path).ok()?)
}

/// Names that were ever lent, as people count: 2 before 10.
pub(crate) fn recorded(names_dir: &Path) -> io::Result<Vec<String>> {
    let entries = match sys::list(names_dir) {
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

/// Whether the file's owner still keeps it locked. Tried with a shared lock, so that
/// two processes that look do not take each other for the owner.
pub(crate) fn is_locked(file: OpenFile) -> bool {
    matches!(Locked::try_lock(file, Access::Shared), Ok(Err(_)))
}
