//! One run of a runner, where there may be no Cargo to try it with: a copy of this very
//! program, called `cargo`, runs the tests of this program as Cargo and nextest do. On
//! Windows it is in a job that ends with it, as Cargo is.

#[path = "../support/executable.rs"]
mod executable;
#[allow(dead_code, reason = "others use the rest")]
#[path = "../support/patience.rs"]
mod patience;

mod hooks;
mod stand_in;
mod storm;

use std::path::Path;
use std::process::Stdio;

use stand_in::{Mode, Runner};

#[test]
fn hooks_run_once_for_all_binaries_of_a_run_and_clean_up_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = Runner::start(dir.path(), Mode::Together, Stdio::null());
    // It reads its tests' output to the end: what cleans up after them must not keep that.
    assert!(runner.wait(), "{}", runner.said());
    hooks::expect_whole_life(dir.path());
}

#[test]
fn hooks_run_once_for_all_processes_of_a_run_and_clean_up_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = Runner::start(dir.path(), Mode::Each, Stdio::null());
    assert!(runner.wait(), "{}", runner.said());
    hooks::expect_whole_life(dir.path());
}

#[test]
fn what_a_killed_runner_leaves_is_cleaned_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = Runner::start(dir.path(), Mode::Held, Stdio::piped());
    patience::until("a test that holds a desk", || {
        hooks::lines(dir.path())
            .contains(&"held".to_owned())
            .then_some(())
    });
    runner.kill();
    hooks::expect_clean_up(dir.path());
}

/// The runner, in a process of its own.
#[test]
#[ignore = "started by the other tests"]
fn cargo() {
    stand_in::run();
}

/// What is in a file by now.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
