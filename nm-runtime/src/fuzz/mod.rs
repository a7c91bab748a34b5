//! What is fuzzed. Each target takes any bytes, and panics when what reads them
//! breaks a promise: `fuzz/` looks for such bytes, and the test below tries those
//! that it has kept.

mod file;
mod journal;
pub(crate) mod manifest;
mod names;
mod record;
mod shown;
mod state;
mod variables;

pub(crate) use file::file;
pub(crate) use shown::shown;

/// A target's name and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 7] = [
    ("record", record::record),
    ("journal_line", journal::line),
    ("journal_file", journal::file),
    ("state", state::state),
    ("manifest", manifest::manifest),
    ("variables", variables::variables),
    ("names", names::names),
];

/// What we make of a `Cargo.toml`, to be compared with what others make of it.
#[cfg(fuzzing)]
pub use self::manifest::outline;

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
