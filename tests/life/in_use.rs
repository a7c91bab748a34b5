//! Names that somebody without hooks still has when the last run is over.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};

use crate::scenario::Scenario;

#[test]
fn nothing_is_torn_down_under_a_holder_without_hooks() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["readers"], &["--exact", "a"]);
    let run = test().env("LIFE_BODY", "a:wait:1").start();
    scenario.until_started("body", 1);
    // Beside the reader, and longer.
    let lock = File::open(scenario.names_file("db-0.lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockShared).unwrap();
    scenario.go("a");
    run.finish().success();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("cleanup", 0, 0);
    calls.expect("teardown", 0, 0);
    drop(lock);

    let run = test().finish().success();
    run.says(&["cleanup of `db-0` after the last run failed: timed out"]);
    scenario.over();
    let calls = scenario.calls();
    calls.expect("teardown", 1, 1);
    calls.expect("init", 2, 2);
    calls.expect("cleanup", 2, 2);
}
