//! The pools that a view is about.

use std::error::Error;

use nm_runtime::inspect::{self, Found};
use nm_runtime::journal::Reader;

use crate::exit::{Failure, code};

/// These pools, or all.
pub fn chosen(names: &[String]) -> Result<Vec<Found>, Box<dyn Error + Send + Sync>> {
    let mut pools = inspect::pools()?;
    if names.is_empty() {
        return Ok(pools);
    }
    for name in names {
        if !pools.iter().any(|found| found.pool == *name) {
            return Err(unknown(name, &pools)?.into());
        }
    }
    pools.retain(|found| names.contains(&found.pool));
    Ok(pools)
}

fn unknown(name: &str, pools: &[Found]) -> Result<Failure, nm_runtime::Error> {
    let known: Vec<_> = pools
        .iter()
        .map(|found| format!("`{}`", found.pool))
        .collect();
    let known = match known.len() {
        0 => "there is none yet".to_owned(),
        1..=10 => format!("known: {}", known.join(", ")),
        count => format!("known: {} and {} more", known[..10].join(", "), count - 10),
    };
    let place = inspect::place()?;
    Ok(Failure::new(
        code::UNKNOWN,
        format!(
            "no pool `{name}` in `{}` ({known}); `name-manager doctor` says why it is looked for there",
            place.dir.display()
        ),
    ))
}

/// So much of a journal is read to find its last event.
const END: u64 = 1 << 16;

/// The run of the newest event; nothing when nothing ever happened.
pub fn last_run(pools: &[Found]) -> Result<Option<String>, nm_runtime::Error> {
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

/// The journal has nothing of a run that was asked for.
pub fn unknown_run(run: &str, last: Option<&str>) -> Failure {
    let last = match last {
        Some(last) => format!("; the last run is `{last}`"),
        None => String::new(),
    };
    let message = format!("no such event of run `{run}` in the journal{last}");
    Failure::new(code::UNKNOWN, message)
}
