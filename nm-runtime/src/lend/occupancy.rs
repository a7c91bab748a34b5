//! The holders of a pool's names, as a snapshot shows them: for people.

use std::time::Duration;

use crate::backend::snapshot::Snapshot;
use crate::base::{clock, text};
use crate::sys;
use crate::terms::holder::Holder;
use crate::terms::names::Names;
use crate::terms::record::{Doing, Record, Tenure};

/// Messages name up to this many holders.
const MOST: usize = 16;

/// One line per holder: `db-0 held by `app::lists_users` (pid 7, for 3s)`.
pub(crate) fn of(snapshot: &Snapshot, names: &Names) -> Vec<String> {
    let mut known: Vec<_> = snapshot
        .names
        .iter()
        .filter_map(|seen| Some((names.index_of(&seen.name)?, seen)))
        .collect();
    known.sort_by_key(|(index, _)| *index);
    let mut lines = Vec::new();
    for (_, seen) in known {
        for tenure in &seen.holders {
            lines.push(line(
                &seen.name,
                tenure,
                seen.record.as_ref().and_then(doing),
            ));
        }
        if lines.len() > MOST {
            lines.truncate(MOST);
            lines.push("and more".to_owned());
            break;
        }
    }
    lines
}

fn line(name: &str, tenure: &Tenure, doing: Option<&Doing>) -> String {
    let holder = &tenure.holder;
    let doing = doing.map_or(String::new(), |doing| {
        format!("; {} {name} for {}", doing.what, age(doing.since))
    });
    format!(
        "{name} held by {}, for {}{doing})",
        named(holder),
        age(holder.since)
    )
}

/// "`app::lists_users` (pid 7", with a note on the process if there is one.
fn named(holder: &Holder) -> String {
    let process = sys::process_state(holder.pid, holder.pid_namespace);
    let note = process
        .note()
        .map_or(String::new(), |note| format!(", {note}"));
    let test = text::printable(&holder.test);
    format!("`{test}` (pid {}{note}", holder.pid)
}

/// The hook that the holder is running.
fn doing(record: &Record) -> Option<&Doing> {
    record.life.as_ref()?.doing.as_ref()
}

fn age(since: u64) -> String {
    text::seconds(Duration::from_micros(clock::now().saturating_sub(since)))
}
