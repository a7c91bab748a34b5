//! Who holds what, as the records tell it: for people.

use std::time::Duration;

use crate::base::clock;
use crate::base::text;
use crate::local::dir::PoolDir;
use crate::local::record_file;
use crate::sys;
use crate::terms::names::Names;
use crate::terms::record::{Doing, Record, Tenure};

/// Messages name so many holders at most.
const MOST: usize = 16;

/// One line a holder: `db-0 held by `app::lists_users` (pid 7, for 3s)`.
pub(crate) fn of(dir: &PoolDir, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    let known = names.capacity().unwrap_or(usize::MAX);
    for name in (0..known).map_while(|index| names.get(index)) {
        let Some(record) = record_file::peek(dir, &name) else {
            // Never lent; of an unbounded pool neither is any after it.
            match names.capacity() {
                Some(_) => continue,
                None => break,
            }
        };
        for tenure in record
            .holders
            .iter()
            .filter(|tenure| sys::is_alive(tenure.holder.pid))
        {
            lines.push(line(&name, tenure, doing(&record)));
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
        "{name} held by `{}` (pid {}, for {}{doing})",
        text::printable(&holder.test),
        holder.pid,
        age(holder.since)
    )
}

/// The hook that the holder runs.
fn doing(record: &Record) -> Option<&Doing> {
    record.life.as_ref()?.doing.as_ref()
}

fn age(since: u64) -> String {
    text::seconds(Duration::from_micros(clock::now().saturating_sub(since)))
}
