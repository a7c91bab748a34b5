//! What all rounds brought, in a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use torture::oracle::Violation;
use torture::oracle::machines::{Figures, Verdict};

#[derive(Debug, Default)]
pub struct Table {
    pub rounds: usize,
    pub faults: usize,
    pub violations: Vec<Violation>,
    figures: Figures,
}

impl Table {
    pub fn add(&mut self, faults: usize, verdict: Verdict) {
        self.rounds += 1;
        self.faults += faults;
        self.violations.extend(verdict.violations);
        self.figures.add(&verdict.figures);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        writeln!(
            f,
            "{} violations in {} rounds with {} faults: {} grants, {} sessions declared dead, \
             {} leases lost, {} overlaps as promised, {} requests failed",
            self.violations.len(),
            self.rounds,
            self.faults,
            figures.grants,
            figures.buried,
            figures.lost,
            figures.overlaps,
            figures.errors,
        )?;
        writeln!(
            f,
            "{:18} {:>6} {:>7} {:>8} {:>7} {:>13}",
            "fault", "number", "grants", "longest", "grants", "beside others"
        )?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        kinds.extend(
            figures
                .faults
                .iter()
                .map(|(kind, number)| (&**kind, *number)),
        );
        for kind in figures.waits.keys() {
            kinds.entry(kind).or_default();
        }
        for (kind, number) in kinds {
            let waits = figures.waits.get(kind).copied().unwrap_or_default();
            let seconds = |time: u64| Duration::from_nanos(time).as_secs_f64();
            let [alone, beside] = [waits.alone, waits.beside];
            writeln!(
                f,
                "{kind:18} {number:6} {:7} {:6.1} s {:7} {:11.1} s",
                alone.grants,
                seconds(alone.longest),
                beside.grants,
                seconds(beside.longest),
            )?;
        }
        Ok(())
    }
}
