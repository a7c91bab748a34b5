//! `NAME_MANAGER_KEEP`.

use crate::scenario::Scenario;

const A: [&str; 2] = ["--exact", "a"];

#[test]
fn what_a_failed_run_left_is_kept_until_the_next() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("NAME_MANAGER_KEEP", "failed");
    run.env("LIFE_BODY", "a:panic").finish().failure();
    scenario.over();
    scenario.calls().expect("cleanup", 0, 0);
    scenario.calls().expect("teardown", 0, 0);
    let next = scenario.test(&["one"], &A).finish().success();
    next.says(&["the last run kept db-0 of pool `db`"]);
    scenario.over();
    let calls = scenario.calls();
    // It was not known what state it was in.
    calls.expect("init", 2, 2);
    // Once before it was made anew, once in the end.
    calls.expect("cleanup", 2, 2);
    calls.expect("teardown", 1, 1);
}

#[test]
fn what_a_run_without_failures_left_is_not_kept() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("NAME_MANAGER_KEEP", "failed");
    run.finish().success();
    scenario.over();
    scenario.calls().expect_whole_life(1);
}

#[test]
fn a_test_that_is_to_panic_and_does_is_none() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["panics"], &["--test-threads=1"]);
    run.env("NAME_MANAGER_KEEP", "failed").finish().success();
    scenario.over();
    let calls = scenario.calls();
    assert_eq!(calls.reasons(), ["reuse"; 3], "{calls}");
    calls.expect_whole_life(4);
}

/// Of the one that is not to panic it is known that it failed.
#[test]
fn a_test_that_is_not_to_panic_in_this_configuration_is_one() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["panics"], &["--exact", "d_ends"]);
    let run = run.env("NAME_MANAGER_KEEP", "failed");
    run.env("LIFE_BODY", "d_ends:panic").finish().failure();
    scenario.over();
    scenario.calls().expect("cleanup", 0, 0);
}

#[test]
fn a_test_that_died_is_a_failure() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("NAME_MANAGER_KEEP", "failed");
    run.env("LIFE_BODY", "a:kill").finish().failure();
    scenario.over();
    scenario.calls().expect("cleanup", 0, 0);
}

#[test]
fn always_keeps_all() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("NAME_MANAGER_KEEP", "always");
    run.finish().success();
    scenario.over();
    scenario.calls().expect("cleanup", 0, 0);
    scenario.calls().expect("teardown", 0, 0);
}
