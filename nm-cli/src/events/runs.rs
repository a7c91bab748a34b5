use std::collections::BTreeMap;

use nm_runtime::inspect::Found;
use nm_runtime::journal::Kind;

use crate::exit::{Failure, code};

/// How much of a journal is read to find its last runs.
const END: u64 = 1 << 16;

/// The last run; `None` if there is no event.
///
/// A journal has its events in the order in which they happened, whatever the clock said; only
/// pools that have no run in common are compared by it. What is cleaned up after a run may
/// come after the next run.
pub fn last(pools: &[Found]) -> Result<Option<String>, nm_runtime::Error> {
    let mut journals = Vec::new();
    for pool in pools {
        let runs = Runs::read(pool)?;
        journals.extend((!runs.last.is_empty()).then_some(runs));
    }
    let lasts: Vec<_> = journals.iter().filter_map(Runs::last).collect();
    let is_before = |run: &str, other: &str| {
        let mut places = journals
            .iter()
            .map(|runs| (runs.place(run), runs.place(other)));
        places.any(|(run, other)| run.is_some() && run < other)
    };
    let unfollowed = lasts.iter().filter(|(_, run)| {
        let mut others = lasts.iter();
        !others.any(|(_, other)| is_before(run, other))
    });
    // Runs that overlap may each come last in one journal.
    let last = unfollowed.max().or(lasts.iter().max());
    Ok(last.map(|(_, run)| run.to_string()))
}

/// The runs at the end of a journal.
#[derive(Default)]
struct Runs {
    /// At which event each was last seen.
    last: BTreeMap<String, u64>,
    /// The time of that event of the last one.
    time: u64,
}

impl Runs {
    fn read(pool: &Found) -> Result<Self, nm_runtime::Error> {
        let (mut runs, mut cleaned) = (Self::default(), Self::default());
        for (at, event) in (0..).zip(pool.last_events(END)?) {
            let event = event?;
            let of = match event.kind {
                Kind::Cleanup | Kind::Teardown => &mut cleaned,
                _ => &mut runs,
            };
            of.time = event.time;
            of.last.insert(event.holder.run, at);
        }
        Ok(if runs.last.is_empty() { cleaned } else { runs })
    }

    fn place(&self, run: &str) -> Option<u64> {
        self.last.get(run).copied()
    }

    fn last(&self) -> Option<(u64, &str)> {
        let last = self.last.iter().max_by_key(|(_, at)| **at)?;
        Some((self.time, last.0))
    }
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
