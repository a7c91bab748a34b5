//! What is fuzzed: see `nm-runtime/src/fuzz`.

mod control;
mod events;
mod screen;
mod words;

use crate::commands::nextest;
use crate::views::{log, stats, timeline};

pub(crate) use events::events;
pub(crate) use screen::{is_shown, json, shown};

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("control", control::control),
    ("log", log::fuzz::log),
    ("nextest_block", nextest::fuzz::block),
    ("nextest_plan", nextest::fuzz::plan),
    ("stats", stats::fuzz::stats),
    ("timeline", timeline::fuzz::timeline),
    ("words", words::words),
];

/// Does what a target does.
#[cfg(fuzzing)]
pub fn run(target: &str, bytes: &[u8]) {
    let known = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = known.expect("a target of this name");
    run(bytes);
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[test]
fn inputs_that_mattered_once_break_no_promise() {
    replay::all(&TARGETS);
}
