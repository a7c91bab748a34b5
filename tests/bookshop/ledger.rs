//! Who held what, when: read back from a pool's journal.

#![allow(
    dead_code,
    reason = "the example prints what the tests need not look at"
)]

use nm_runtime::journal::{self, Event, Kind};
use nm_runtime::{Error, Holder};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The leases that a journal tells of, in the order in which they were granted.
#[derive(Debug, Default)]
pub struct Ledger {
    pub holds: Vec<Hold>,
}

/// One lease, from the line that grants it to the line that ends it.
///
/// Whether two leases overlap is decided by lines: a clock can be set back.
#[derive(Clone, Debug)]
pub struct Hold {
    pub name: String,
    pub fence: u64,
    pub test: String,
    pub run: String,
    /// Microseconds between asking and getting.
    pub waited: u64,
    /// Microseconds since 1970.
    pub from: u64,
    /// As `from`; none if the name was never given back.
    pub until: Option<u64>,
    pub first_line: usize,
    pub last_line: usize,
}

impl Ledger {
    /// Reads the journal of a workspace's pool.
    pub fn read(workspace: &Path, pool: &str) -> Result<Ledger, Error> {
        let mut ledger = Ledger::default();
        let events = journal::read(&workspace.join(".name-manager/pools").join(pool))?;
        for (line, event) in events.into_iter().enumerate() {
            ledger.enter(line, event);
        }
        Ok(ledger)
    }

    fn enter(&mut self, line: usize, event: Event) {
        let (Some(name), Some(fence)) = (event.name, event.fence) else {
            return;
        };
        match event.kind {
            Kind::Acquired => self.holds.push(Hold {
                name,
                fence,
                test: event.holder.test,
                run: event.holder.run,
                waited: event.waited.unwrap_or(0),
                from: event.time,
                until: None,
                first_line: line,
                last_line: usize::MAX,
            }),
            Kind::Released => {
                let lent = |hold: &Hold| hold.name == name && hold.fence == fence;
                self.end(line, Some(event.time), lent);
            }
            // Written by the next holder, with its own fence.
            Kind::Died => {
                let Holder { test, run, .. } = event.holder;
                let lent = |hold: &Hold| hold.name == name && hold.test == test && hold.run == run;
                self.end(line, None, lent);
            }
            _ => {}
        }
    }

    fn end(&mut self, line: usize, until: Option<u64>, is_meant: impl Fn(&Hold) -> bool) {
        let open = |hold: &&mut Hold| hold.last_line == usize::MAX && is_meant(hold);
        if let Some(hold) = self.holds.iter_mut().rev().find(open) {
            (hold.last_line, hold.until) = (line, until);
        }
    }

    /// Returns the leases of one run alone.
    pub fn of_run(&self, run: &str) -> Ledger {
        let of_run = |hold: &&Hold| hold.run == run;
        Ledger {
            holds: self.holds.iter().filter(of_run).cloned().collect(),
        }
    }

    /// Returns the names that were lent, sorted.
    pub fn names(&self) -> BTreeSet<&str> {
        self.holds.iter().map(|hold| hold.name.as_str()).collect()
    }

    /// Returns the leases of one name that overlap, with a lease of this run
    /// among them: none, if no name is ever held twice.
    pub fn clashes(&self, run: &str) -> Vec<(&Hold, &Hold)> {
        let mut last: BTreeMap<&str, &Hold> = BTreeMap::new();
        let mut clashes = Vec::new();
        for hold in &self.holds {
            if let Some(before) = last.insert(&hold.name, hold)
                && before.last_line > hold.first_line
                && (before.run == run || hold.run == run)
            {
                clashes.push((before, hold));
            }
        }
        clashes
    }

    /// Returns how many leases there were at the busiest moment.
    pub fn most_at_once(&self) -> usize {
        let held_at = |line: usize| {
            let held = |hold: &&Hold| hold.first_line <= line && line < hold.last_line;
            self.holds.iter().filter(held).count()
        };
        let grants = self.holds.iter().map(|hold| hold.first_line);
        grants.map(held_at).max().unwrap_or(0)
    }
}
