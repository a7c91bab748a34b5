//! The fuzz targets: see `nm-runtime/src/fuzz`.
//!
//! May import every other folder; none imports this one.

mod control;
mod events;
mod log;
mod nextest;
mod screen;
mod stats;
mod timeline;
mod words;

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("control", control::control),
    ("log", log::log),
    ("nextest_block", nextest::block),
    ("nextest_plan", nextest::plan),
    ("stats", stats::stats),
    ("timeline", timeline::timeline),
    ("words", words::words),
];

/// Runs a target.
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
