use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use crate::bench::table::{Goal, Table};
use crate::bench::{machine, peer};
use crate::result::Result;

/// From here on, `BENCHMARKS.md` is written by hand.
const BY_HAND: &str = "## What was found\n";

/// All tables of a run.
pub struct Report {
    machine: Vec<[String; 2]>,
    tables: Vec<Table>,
    quick: bool,
}

impl Report {
    /// Looks at the machine before it is busy.
    pub fn begin(quick: bool) -> Result<Self> {
        Ok(Self {
            machine: machine::describe()?,
            tables: Vec::new(),
            quick,
        })
    }

    pub fn add(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub fn print_goals(&self) {
        println!("{}", self.goals());
    }

    /// Writes `BENCHMARKS.md`, and keeps of it what was written by hand.
    pub fn write(&self) -> Result<()> {
        let path = path();
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, self.text()? + by_hand(&before))?;
        println!("written to {}", path.display());
        Ok(())
    }

    fn text(&self) -> Result<String> {
        let mut text = String::from(HEAD);
        if self.quick {
            text += QUICK;
        }
        let mut machine = Table::new("Machine", "", &["", ""]);
        for [key, value] in &self.machine {
            machine.row(vec![key.clone(), value.clone()]);
        }
        for table in [machine, self.goals()].iter().chain(&self.tables) {
            writeln!(text, "{table}")?;
        }
        Ok(text)
    }

    fn goals(&self) -> Table {
        let mut goals = Goal::columns();
        for goal in self.tables.iter().flat_map(Table::goals) {
            goals.row(goal.cells());
        }
        goals
    }
}

/// The part of the page that is kept.
fn by_hand(page: &str) -> &str {
    match page.find(BY_HAND) {
        Some(at) => &page[at..],
        None => BY_HAND,
    }
}

fn path() -> PathBuf {
    peer::repository().join("BENCHMARKS.md")
}

const HEAD: &str = "# Benchmarks

`cargo xtask bench all` writes this page; only the part from \"What was found\" on is written
by hand. Peers and name-manager are measured in the same run, in turns, and each round starts
with a different one. Figures are medians, with the lowest and highest round beside them. A
ratio is relative to a peer, or to a limit of the system, in the same run; compare ratios, not
microseconds, with other machines.

";

const QUICK: &str = "This page is of `cargo xtask bench all --quick`, a fifth of the rounds.

";

#[cfg(test)]
mod tests {
    use super::by_hand;

    #[test]
    fn what_was_found_is_kept() {
        let page = "# Benchmarks\n\nfigures\n\n## What was found\n\nthis\n\n## And more\n";
        assert_eq!(by_hand(page), "## What was found\n\nthis\n\n## And more\n");
        assert_eq!(by_hand("no such part"), "## What was found\n");
    }
}
