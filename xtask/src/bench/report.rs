use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use crate::bench::table::{Goal, Table};
use crate::bench::{machine, peer};
use crate::result::Result;

/// Before this, and from the other on, `BENCHMARKS.md` is written by hand.
const FIGURES: &str = "## Figures\n";
const FOUND: &str = "## What was found\n";

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

    /// Writes the figures of `BENCHMARKS.md`, between what is written by hand.
    pub fn write(&self) -> Result<()> {
        let path = path();
        let page = fs::read_to_string(&path)?;
        let [above, below] = by_hand(&page).ok_or("BENCHMARKS.md has no place for figures")?;
        fs::write(&path, [above, &self.text()?, below].concat())?;
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

/// What stands above and below the figures.
fn by_hand(page: &str) -> Option<[&str; 2]> {
    let (figures, found) = (page.find(FIGURES)?, page.find(FOUND)?);
    (figures < found).then(|| [&page[..figures], &page[found..]])
}

fn path() -> PathBuf {
    peer::repository().join("BENCHMARKS.md")
}

const HEAD: &str = "## Figures

Written by `cargo xtask bench all`. Peers and name-manager are measured in the same run, in
turns, and each round starts with a different one. Figures are medians, with the lowest and
highest round beside them. A ratio is relative to a peer, or to a limit of the system, in the
same run; compare ratios, not microseconds, with other machines.

";

const QUICK: &str = "This is of `cargo xtask bench all --quick`, a fifth of the rounds.

";

#[cfg(test)]
mod tests {
    use super::by_hand;

    #[test]
    fn what_is_written_by_hand_is_kept() {
        let page = "# Benchmarks\n\nread this\n\n## Figures\n\n1.0\n\n## What was found\n\nthat\n";
        let [above, below] = by_hand(page).unwrap();
        assert_eq!(above, "# Benchmarks\n\nread this\n\n");
        assert_eq!(below, "## What was found\n\nthat\n");
        assert_eq!(by_hand("# Benchmarks\n"), None);
    }
}
