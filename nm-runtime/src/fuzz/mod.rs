//! Fuzz targets. Each takes any bytes, and panics if the code that reads them breaks a
//! promise: `fuzz/` searches for such bytes, and the test below tries those that it has
//! kept. May import everything.

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

/// A target's name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 7] = [
    ("record", record::record),
    ("journal_line", journal::line),
    ("journal_file", journal::file),
    ("state", state::state),
    ("manifest", manifest::manifest),
    ("variables", variables::variables),
    ("names", names::names),
];

/// A `Cargo.toml` as we read it, to be compared with how others read it.
#[cfg(fuzzing)]
pub use self::manifest::outline;

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
