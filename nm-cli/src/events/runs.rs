use nm_runtime::inspect::Found;
use nm_runtime::journal::Reader;

use crate::exit::{Failure, code};

/// How much of a journal is read to find its last event.
const END: u64 = 1 << 16;

/// The run of the newest event; `None` if there is no event.
pub fn last(pools: &[Found]) -> Result<Option<String>, nm_runtime::Error> {
    let mut last: Option<(u64, String)> = None;
    for pool in pools {
        for event in Reader::open_near_end(&pool.dir, END)? {
            let event = event?;
            if last.as_ref().is_none_or(|(time, _)| event.time >= *time) {
                last = Some((event.time, event.holder.run));
            }
        }
    }
    Ok(last.map(|(_, run)| run))
}

/// The error for a run that is not in the journal.
pub fn unknown(run: &str, last: Option<&str>) -> Failure {
    let last = match last {
        Some(last) => format!("; the last run is `{last}`"),
        None => String::new(),
    };
    let message = format!("no matching event of run `{run}` in the journal{last}");
    Failure::new(code::UNKNOWN, message)
}
