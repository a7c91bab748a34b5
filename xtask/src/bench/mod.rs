//! What the engine costs, each figure beside a raw one taken in the same run.
//!
//! Prints figures and checks nothing: a machine's mood is no test.

mod crowd;
mod figures;
mod groups;
mod handover;
mod hooks;
mod idle;
mod uncontended;
mod whatif;
pub mod worker;

use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Benchmark = fn() -> Result<()>;

const ALL: [(&str, Benchmark); 7] = [
    ("uncontended", uncontended::run),
    ("handover", handover::run),
    ("crowd", crowd::run),
    ("idle", idle::run),
    ("whatif", whatif::run),
    ("hooks", hooks::run),
    ("groups", groups::run),
];

/// What can be asked for; everything unless something is.
pub const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        names[at] = ALL[at].0;
        at += 1;
    }
    names
};

pub fn run(which: &[&str]) -> Result<()> {
    if let Some(unknown) = which.iter().find(|name| !NAMES.contains(name)) {
        return Err(format!("no benchmark `{unknown}`; expected {}", NAMES.join(", ")).into());
    }
    for (name, benchmark) in ALL {
        if which.is_empty() || which.contains(&name) {
            benchmark()?;
        }
    }
    Ok(())
}
