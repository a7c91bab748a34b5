//! What name-manager costs, beside its peers and the limits of the system.
//!
//! Prints figures and checks nothing, but for `counts`: a machine's mood is no
//! test.
//!
//! Each benchmark is a file, named as it is called. What they share is below them:
//! `worker`, `annotated`, `package`, `peer` and `site` are what is measured; `cost` and
//! `counter` measure; `spread`, `figures` and `table` show, and `report` makes
//! `BENCHMARKS.md` of it. `jobs` is the other side: what a `worker` does. Of the rest
//! of `xtask` they use `result` and `build` alone.

mod annotated;
mod compile;
mod cost;
mod counter;
mod counts;
mod crowd;
mod dependency;
mod figures;
mod groups;
mod handover;
mod hooks;
mod hour;
mod idle;
pub mod jobs;
mod keys;
mod killed;
mod machine;
mod package;
mod peer;
mod readers;
mod report;
mod rounds;
mod server;
mod site;
mod spread;
mod start;
mod suites;
mod table;
mod uncontended;
mod waiters;
mod whatif;
mod worker;

use crate::result::Result;
use rounds::Bench;
use table::Table;

type Comparison = fn(&Bench) -> Result<Vec<Table>>;
/// Told whether it is to be quick.
type Benchmark = fn(bool) -> Result<()>;

/// Peers and name-manager in the same run. All of these make `BENCHMARKS.md`.
const COMPARED: [(&str, Comparison); 13] = [
    ("uncontended", uncontended::run),
    ("handover", handover::run),
    ("crowd", crowd::run),
    ("waiters", waiters::run),
    ("readers", readers::run),
    ("killed", killed::run),
    ("idle", idle::run),
    ("suites", suites::run),
    ("start", start::run),
    ("keys", keys::run),
    ("compile", compile::run),
    ("dependency", dependency::run),
    ("counted", counts::compare),
];

/// About name-manager alone.
const OWN: [(&str, Benchmark); 5] = [
    ("whatif", |_| whatif::run()),
    ("hooks", |_| hooks::run()),
    ("groups", |_| groups::run()),
    ("server", server::run),
    ("hour", hour::run),
];

pub fn usage() -> String {
    let compared = COMPARED.map(|(name, _)| name).join("|");
    let own = OWN.map(|(name, _)| name).join("|");
    format!(
        "cargo xtask bench all|{compared}|{own}.. [--quick], cargo xtask bench counts [--check]"
    )
}

pub fn run(which: &[&str]) -> Result<()> {
    if let ["counts", rest @ ..] = which {
        return counts::run(rest);
    }
    let quick = which.contains(&"--quick");
    let which: Vec<_> = which
        .iter()
        .copied()
        .filter(|&word| word != "--quick")
        .collect();
    let known = |name: &&str| {
        let mut all = COMPARED
            .iter()
            .map(|(name, _)| name)
            .chain(OWN.iter().map(|(name, _)| name));
        *name == "all" || all.any(|known| known == name)
    };
    if let Some(unknown) = which.iter().find(|name| !known(name)) {
        return Err(format!("no benchmark `{unknown}`; expected {}", usage()).into());
    }
    let all = which.is_empty() || which.contains(&"all");
    let chosen = |name| all || which.contains(name);
    if COMPARED.iter().any(|(name, _)| chosen(name)) {
        let bench = Bench {
            peers: peer::build()?,
            quick,
        };
        let mut report = report::Report::begin(quick)?;
        for (name, compare) in COMPARED.iter().filter(|(name, _)| chosen(name)) {
            eprintln!("{name} ..");
            for table in compare(&bench)? {
                println!("{table}");
                report.add(table);
            }
        }
        report.print_goals();
        if all {
            report.write()?;
        }
    }
    for (name, benchmark) in OWN {
        if which.contains(&name) {
            benchmark(quick)?;
        }
    }
    Ok(())
}
