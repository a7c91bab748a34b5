use std::collections::BTreeMap;

use torture::oracle::{Bounds, Death, Figures, Group, Violation, deaths};

use crate::result::Result;
use crate::round::{Plan, Round};

/// What several rounds brought.
#[derive(Debug, Default)]
pub struct Report {
    pub rounds: usize,
    pub containers: usize,
    pub figures: Figures,
    pub deaths: Vec<Death>,
}

impl Report {
    /// Adds a round, which is forgotten if nothing was wrong in it.
    pub fn add(&mut self, plan: &Plan, round: Round) -> Result<()> {
        let (lines, verdict) = round.judge(Bounds::default())?;
        self.rounds += 1;
        self.containers += round.containers();
        self.figures.add(&verdict.figures);
        self.deaths.extend(deaths(&lines));
        let errors = round.errors();
        if verdict.violations.is_empty() && errors.is_empty() {
            return round.remove();
        }
        println!(
            "seed {}, histories in {}\n{errors}",
            plan.seed,
            round.path().display()
        );
        complain(&verdict.violations)?;
        Err("processes complained".into())
    }

    /// Says which processes were killed, doing what.
    pub fn print(&self) {
        println!("no violations in {} rounds; {}", self.rounds, self.figures);
        println!("{} runs were in containers", self.containers);
        if self.deaths.is_empty() {
            return;
        }
        let all = self.deaths.len();
        let share = |count: usize| 100.0 * count as f64 / all as f64;
        println!("{all} killed:");
        let mut groups: BTreeMap<Group, usize> = BTreeMap::new();
        let mut states: BTreeMap<(Group, &str), (usize, usize)> = BTreeMap::new();
        let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
        for death in &self.deaths {
            *groups.entry(death.group).or_default() += 1;
            let (random, own) = states.entry((death.group, death.state)).or_default();
            match &death.at {
                None => *random += 1,
                Some(site) => {
                    *own += 1;
                    *sites.entry(site).or_default() += 1;
                }
            }
        }
        for (group, count) in &groups {
            println!("{count:7} {:4.1} %  {group}", share(*count));
            for ((_, state), (random, own)) in states.iter().filter(|((of, _), _)| of == group) {
                println!(
                    "        {:7}  {state} ({own} at failpoints, {random} at random moments)",
                    random + own
                );
            }
        }
        let sites: Vec<_> = sites
            .iter()
            .map(|(site, count)| format!("{site} {count}"))
            .collect();
        println!("at {} failpoints: {}", sites.len(), sites.join("; "));
    }
}

/// Prints what was wrong, and fails if anything was.
pub fn complain(violations: &[Violation]) -> Result<()> {
    const MOST: usize = 5;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in violations {
        let seen = seen.entry(violation.rule).or_default();
        *seen += 1;
        if *seen <= MOST {
            println!("{violation}");
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    let counts: Vec<_> = seen
        .iter()
        .map(|(rule, count)| format!("{count} x {rule}"))
        .collect();
    Err(format!("{} violations: {}", violations.len(), counts.join(", ")).into())
}
