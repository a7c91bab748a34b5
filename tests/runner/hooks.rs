//! The tests that are run, of a pool with hooks, and what must have come of it.

use std::env;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use name_manager::{BoxError, Lease, Name, Reset, Resource, resource, shared_resource};

use crate::patience;

#[derive(Default)]
struct Desks;

#[resource(pool = "desks")]
impl Resource for Desks {
    fn setup(&self) -> Result<(), BoxError> {
        note("setup")
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        note(&format!("init {name}"))
    }

    fn reset(&self, name: &Name, _why: Reset) -> Result<(), BoxError> {
        note(&format!("reset {name}"))
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        note(&format!("cleanup {name}"))
    }

    fn teardown(&self) -> Result<(), BoxError> {
        note("teardown")
    }
}

/// Each line in a file of its own: what several processes add to one may be lost.
fn note(line: &str) -> Result<(), BoxError> {
    let dir = PathBuf::from(env::var_os("RUNNER_DIR").ok_or("not run by the stand-in")?);
    for number in 0.. {
        let path = dir.join(format!("note-{number:04}"));
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => return Ok(file.write_all(line.as_bytes())?),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What was noted, in the order in which it was.
pub fn lines(dir: &Path) -> Vec<String> {
    let notes = (0..).map(|number| dir.join(format!("note-{number:04}")));
    notes
        .map_while(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// Two names at most, each made once for the whole run, and all of it cleaned up at its end.
pub fn expect_whole_life(dir: &Path) {
    let lines = expect_clean_up(dir);
    let count = |line: &str| lines.iter().filter(|known| *known == line).count();
    assert_eq!(count("body"), 4, "{lines:?}");
    assert_eq!(lines[0], "setup");
    assert_eq!(count("setup"), 1, "{lines:?}");
    let resets = lines.iter().filter(|line| line.starts_with("reset"));
    let inits = lines.iter().filter(|line| line.starts_with("init"));
    assert_eq!(resets.count() + inits.count(), 4, "{lines:?}");
    for name in ["desks-0", "desks-1"] {
        assert!(count(&format!("init {name}")) <= 1, "{lines:?}");
    }
}

/// What was made is cleaned up, and then the pool is torn down: once.
pub fn expect_clean_up(dir: &Path) -> Vec<String> {
    let lines = patience::until("the teardown", || {
        let lines = lines(dir);
        lines.contains(&"teardown".to_owned()).then_some(lines)
    });
    let count = |line: &str| lines.iter().filter(|known| *known == line).count();
    assert_eq!(lines.last().unwrap(), "teardown");
    assert_eq!(count("teardown"), 1, "{lines:?}");
    assert!(count("init desks-0") == 1, "{lines:?}");
    for name in ["desks-0", "desks-1"] {
        let made = count(&format!("init {name}"));
        assert_eq!(count(&format!("cleanup {name}")), made, "{lines:?}");
    }
    lines
}

mod suite {
    use super::*;

    #[shared_resource(pool = "desks", max = 2)]
    #[test]
    #[ignore = "run by the stand-in"]
    fn one() {
        note("body").unwrap();
    }

    #[shared_resource(pool = "desks", max = 2)]
    #[test]
    #[ignore = "run by the stand-in"]
    fn another() {
        note("body").unwrap();
    }
}

#[shared_resource(pool = "desks", max = 2)]
#[test]
#[ignore = "run by the stand-in"]
fn holds(_desks: Lease) {
    note("held").unwrap();
    // Until who has started the runner lets go of that.
    let _ = std::io::stdin().read(&mut [0]);
}
