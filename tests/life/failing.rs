//! Hooks that fail or panic.

use nm_runtime::journal::{Kind, Phase};
use nm_runtime::record::State;

use crate::scenario::Scenario;

const IN_ORDER: [&str; 1] = ["--test-threads=1"];

#[test]
fn after_an_init_that_failed_another_test_tries_again() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &IN_ORDER)
        .env("LIFE_DO", "init:fail:2")
        .finish();
    run.failure().says(&[
        "7 passed; 2 failed",
        "failed to init `db-0`: init would not, call 1",
        "failed to init `db-0` (failure 2 of 3 in this run; the first: init would not, call 1): init would not, call 2",
    ]);
    scenario.over();
    let calls = scenario.calls();
    calls.expect("init", 3, 1);
    calls.expect("body", 6, 6);
    calls.expect("reset", 5, 5);
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
    let history = scenario.history();
    history.check(1);
    assert_eq!(history.phases(Kind::Init, Phase::Failed), 2);
}

/// After three failures the name is broken for the run, and cleaned up all the
/// same; the next run begins with a new init.
#[track_caller]
fn gives_up(hook: &str, order: &str, error: &str, bodies: usize) {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &IN_ORDER)
        .env("LIFE_DO", order)
        .finish();
    let at_once = format!("its {hook} failed 3 times in this run, the first time: {error}");
    let run = run.failure().says(&[
        &format!("{} passed; {} failed", bodies + 1, 8 - bodies),
        &format!("failed to {hook} `db-0`: {error}"),
        "failure 2 of 3",
        "failure 3 of 3",
        &at_once,
    ]);
    let all = [run.stdout.as_str(), run.stderr.as_str()].concat();
    assert_eq!(all.matches(&at_once).count(), 8 - bodies - 3, "{run}");
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", bodies, bodies);
    assert_eq!(calls.ended(hook).count(), 0, "{calls}");
    assert_eq!(calls.started(hook).count(), 3, "{calls}");
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
    scenario
        .test(&["one"], &["--exact", "a"])
        .finish()
        .success();
    scenario.over();
    assert_eq!(scenario.calls().ended("init").count(), bodies + 1);
    assert_eq!(scenario.record("db-0").state, State::Clean);
}

#[test]
fn an_init_that_always_fails_breaks_the_name() {
    gives_up("init", "init:fail", "init would not, call 1", 0);
}

#[test]
fn an_init_that_always_panics_breaks_the_name() {
    gives_up("init", "init:panic", "panicked: init in pieces, call 1", 0);
}

#[test]
fn a_reset_that_always_fails_breaks_the_name() {
    gives_up("reset", "reset:fail", "reset would not, call 1", 1);
}

#[test]
fn a_reset_that_always_panics_breaks_the_name() {
    gives_up(
        "reset",
        "reset:panic",
        "panicked: reset in pieces, call 1",
        1,
    );
}

#[test]
fn a_reset_that_failed_is_done_again_and_told_why() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &IN_ORDER)
        .env("LIFE_DO", "reset:fail:1")
        .finish();
    run.failure().says(&["8 passed; 1 failed"]);
    scenario.over();
    let calls = scenario.calls();
    let why = calls.reasons()[1];
    assert!(
        why.starts_with("dirty one::b: its reset failed: reset would not, call 1 (run cargo-"),
        "{why}"
    );
}

#[test]
fn a_setup_that_failed_is_tried_again() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &IN_ORDER)
        .env("LIFE_DO", "setup:panic:2")
        .finish();
    run.failure().says(&[
        "7 passed; 2 failed",
        "failed to set up pool `db`: panicked: setup in pieces, call 1",
        "failure 2 of 3 in this run; the first: panicked: setup in pieces, call 1",
    ]);
    scenario.over();
    let calls = scenario.calls();
    calls.expect("setup", 3, 1);
    calls.expect("init", 1, 1);
    calls.expect("body", 6, 6);
    calls.expect("teardown", 1, 1);
}

#[test]
fn after_three_failed_setups_every_test_fails_at_once() {
    let scenario = Scenario::new(2);
    let run = scenario.test(&["one", "two"], &["--test-threads=8"]);
    let run = run.env("LIFE_DO", "setup:fail").finish().failure();
    run.says(&[
        "1 passed; 8 failed",
        "failed to set up pool `db`: setup would not, call 1",
        "setup of pool `db` failed 3 times in this run, the first time: setup would not, call 1",
    ]);
    scenario.over();
    let calls = scenario.calls();
    calls.expect("setup", 3, 0);
    calls.expect("init", 0, 0);
    calls.expect("body", 0, 0);
}

#[test]
fn a_cleanup_that_failed_is_told_by_the_next_run_and_tried_again() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["one"], &["--exact", "a"]);
    test().env("LIFE_DO", "cleanup:fail:1").finish().success();
    scenario.over();
    scenario.calls().expect("cleanup", 1, 0);
    scenario.calls().expect("teardown", 1, 1);
    assert_eq!(scenario.history().phases(Kind::Cleanup, Phase::Failed), 1);
    let said = "cleanup of `db-0` after the last run failed: cleanup would not, call 1";
    test().finish().success().says(&[said]);
    scenario.over();
    // Tried again before it was made anew, and then for that one.
    scenario.calls().expect("cleanup", 3, 2);
    let third = test().finish().success();
    assert!(!third.stderr.contains("after the last run"), "{third}");
    scenario.over();
    scenario.calls().expect("cleanup", 4, 3);
}

#[test]
fn a_teardown_that_failed_is_told_by_the_next_run_and_tried_again() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["one"], &["--exact", "a"]);
    test().env("LIFE_DO", "teardown:panic:1").finish().success();
    scenario.over();
    let said = "teardown of pool `db` after the last run failed: panicked: teardown in pieces";
    test().finish().success().says(&[said]);
    scenario.over();
    scenario.calls().expect("teardown", 2, 1);
    scenario.calls().expect("cleanup", 2, 2);
}

#[test]
fn a_test_that_panics_leaves_a_reset_that_knows_it() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &IN_ORDER)
        .env("LIFE_BODY", "a:panic")
        .finish();
    run.failure().says(&["8 passed; 1 failed"]);
    scenario.over();
    let calls = scenario.calls();
    let why = calls.reasons()[0];
    assert!(
        why.starts_with("dirty one::a: its test panicked (run cargo-"),
        "{why}"
    );
    assert!(
        calls.reasons()[1..].iter().all(|why| *why == "reuse"),
        "{calls}"
    );
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
}

#[test]
fn a_name_given_back_before_its_reset_is_as_dirty_as_before() {
    let scenario = Scenario::new(2);
    let run = scenario.test(&["several"], &IN_ORDER);
    let run = run.env("LIFE_DO", "init@db-0:fail");
    let run = run.env("LIFE_BODY", "a_panics:panic").finish();
    run.failure().says(&[
        "1 passed; 2 failed",
        "failed to init `db-0`: init@db-0 would not",
    ]);
    scenario.over();
    let calls = scenario.calls();
    assert_eq!(calls.names("reset"), ["db-1"], "{calls}");
    let why = calls.reasons()[0];
    assert!(
        why.starts_with("dirty several::a_panics: its test panicked"),
        "{why}"
    );
}
