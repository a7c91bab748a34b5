//! Processes that die: in a body, in each hook, as runner, as reaper.

use std::fs;

use crate::command::{has_nextest, wait_until};
use crate::scenario::Scenario;
use crate::signal;

const A: [&str; 2] = ["--exact", "a"];

#[test]
fn a_test_that_dies_leaves_a_reset_that_knows_it() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one", "two"], &A)
        .env("LIFE_BODY", "a:kill:1");
    run.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 2, 1);
    let why = calls.reasons()[0];
    assert!(
        why.starts_with("dirty one::a: `one::a` ended while it held it (run cargo-"),
        "{why}"
    );
    for hook in ["setup", "init", "cleanup", "teardown"] {
        calls.expect(hook, 1, 1);
    }
}

#[test]
fn the_last_test_may_die_or_leave_by_exit() {
    for order in ["a:kill", "a:exit"] {
        let scenario = Scenario::new(1);
        // How a runner takes an exit with 0 is its own affair.
        drop(scenario.test(&["one"], &A).env("LIFE_BODY", order).finish());
        scenario.over();
        let calls = scenario.calls();
        calls.expect("body", 1, 0);
        calls.expect("cleanup", 1, 1);
        calls.expect("teardown", 1, 1);
    }
}

#[test]
fn a_retried_test_finds_its_name_reset() {
    if !has_nextest() {
        return;
    }
    for (how, told) in [
        ("a:panic:1", "its test panicked"),
        ("a:kill:1", "ended while it held it"),
    ] {
        let scenario = Scenario::new(1);
        let run = scenario.nextest(&["one"], &["--retries=1", "a"]);
        let run = run.env("LIFE_BODY", how).finish().success();
        run.says(&["1 flaky"]);
        scenario.over();
        let calls = scenario.calls();
        calls.expect("body", 2, 1);
        assert!(calls.reasons()[0].contains(told), "{calls}");
        calls.expect("cleanup", 1, 1);
        calls.expect("teardown", 1, 1);
    }
}

/// Killed in a hook, in binary `one`; binary `two` does it again.
#[track_caller]
fn killed_in(hook: &str, first: &[&str]) -> Scenario {
    let scenario = Scenario::new(1);
    let args = [first, &["--test-threads=1"]].concat();
    let run = scenario
        .test(&["one", "two"], &args)
        .env("LIFE_DO", format!("{hook}:kill:1"));
    run.finish().failure();
    scenario.over();
    scenario.calls().expect("cleanup", 1, 1);
    scenario.calls().expect("teardown", 1, 1);
    scenario
}

#[test]
fn an_init_that_was_killed_is_done_again() {
    let scenario = killed_in("init", &A);
    let calls = scenario.calls();
    calls.expect("init", 2, 1);
    calls.expect("body", 1, 1);
    calls.expect("reset", 0, 0);
    calls.expect("setup", 1, 1);
}

#[test]
fn a_reset_that_was_killed_is_done_again_and_told_why() {
    let scenario = killed_in("reset", &["--exact", "a", "b"]);
    let calls = scenario.calls();
    calls.expect("init", 1, 1);
    calls.expect("reset", 3, 2);
    calls.expect("body", 3, 3);
    let why = calls.reasons()[1];
    assert!(
        why.starts_with("dirty one::b: `one::b` ended while it held it"),
        "{why}"
    );
}

#[test]
fn a_setup_that_was_killed_is_done_again() {
    let scenario = killed_in("setup", &A);
    let calls = scenario.calls();
    calls.expect("setup", 2, 1);
    calls.expect("init", 1, 1);
    calls.expect("body", 1, 1);
}

#[test]
fn ctrl_c_ends_the_tests_and_not_the_cleaning() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A).env("LIFE_BODY", "a:wait");
    let run = run.in_its_own_group().start();
    scenario.until_started("body", 1);
    signal::interrupt_group(run.id());
    run.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 1, 0);
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
}

#[test]
fn ctrl_c_under_nextest() {
    if !has_nextest() {
        return;
    }
    let scenario = Scenario::new(2);
    let run = scenario
        .nextest(&["one"], &["a", "b"])
        .env("LIFE_BODY", "a:wait b:wait");
    let run = run.in_its_own_group().start();
    scenario.until_started("body", 2);
    signal::interrupt_group(run.id());
    run.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 2, 0);
    calls.expect("cleanup", 2, 2);
    calls.expect("teardown", 1, 1);
}

/// The runner is gone, the test lives on: nothing is cleaned before it ends.
#[track_caller]
fn runner_killed(scenario: &Scenario, run: crate::command::Command) {
    let run = run.env("LIFE_BODY", "a:wait").start();
    scenario.until_started("body", 1);
    let reapers = scenario.reapers();
    assert_eq!(reapers.len(), 1);
    signal::kill(run.id());
    wait_until("the runner is gone", || {
        !scenario.processes().contains(&run.id())
    });
    scenario.go("a");
    scenario.over();
    run.finish().failure();
    let calls = scenario.calls();
    calls.expect_whole_life(1);
    let body = calls
        .0
        .iter()
        .position(|call| call.what == "body" && !call.start);
    let cleanup = calls.0.iter().position(|call| call.what == "cleanup");
    assert!(body < cleanup, "{calls}");
    assert!(
        calls
            .ended("cleanup")
            .all(|call| reapers.contains(&call.pid)),
        "{calls}"
    );
}

#[test]
fn after_cargo_was_killed_the_tests_end_before_the_cleaning() {
    let scenario = Scenario::new(1);
    runner_killed(&scenario, scenario.test(&["one"], &A));
}

#[test]
fn after_nextest_was_killed_the_tests_end_before_the_cleaning() {
    if has_nextest() {
        let scenario = Scenario::new(1);
        let run = scenario.nextest(&["one"], &["-E", "test(=a)"]);
        runner_killed(&scenario, run);
    }
}

#[test]
fn a_reaper_that_was_killed_is_missed_by_the_next_process_of_the_run() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one", "two"], &A)
        .env("LIFE_BODY", "a:wait")
        .start();
    scenario.until_started("body", 1);
    scenario.kill_reapers();
    scenario.go("a");
    run.finish().success();
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

/// What a killed reaper left is taken down after the next run.
#[track_caller]
fn next_run_cleans(scenario: &Scenario) {
    wait_until("the reaper is gone", || scenario.processes().is_empty());
    scenario.test(&["two"], &A).finish().success();
    scenario.over();
    scenario.history().check(2);
    assert_eq!(scenario.calls().0.last().unwrap().what, "teardown");
}

#[test]
fn a_reaper_that_was_killed_standing_by() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("LIFE_BODY", "a:wait:1")
        .start();
    scenario.until_started("body", 1);
    scenario.kill_reapers();
    scenario.go("a");
    run.finish().success();
    next_run_cleans(&scenario);
    let calls = scenario.calls();
    // Nobody knows what the dead run left.
    calls.expect("init", 2, 2);
    calls.expect("cleanup", 2, 2);
    calls.expect("teardown", 1, 1);
}

#[test]
fn what_a_run_left_is_taken_down_before_it_is_made_anew_whoever_dies_over_it() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("LIFE_BODY", "a:wait:1")
        .start();
    scenario.until_started("body", 1);
    scenario.kill_reapers();
    scenario.go("a");
    run.finish().success();
    wait_until("the reaper is gone", || scenario.processes().is_empty());
    let run = scenario.test(&["one", "two"], &A);
    run.env("LIFE_DO", "cleanup:kill:1").finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("init", 2, 2);
    // Half-way, once more before the second `init`, and in the end.
    calls.expect("cleanup", 3, 2);
}

#[test]
fn a_reaper_that_was_killed_in_cleanup() {
    let scenario = Scenario::new(2);
    let run = scenario.test(&["one"], &["--exact", "a", "b"]);
    run.env("LIFE_DO", "cleanup:kill:1").finish().success();
    scenario.until_started("cleanup", 1);
    next_run_cleans(&scenario);
    let calls = scenario.calls();
    let names = |what| {
        calls
            .ended(what)
            .map(|call| &*call.name)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names("cleanup"), names("init"), "{calls}");
    calls.expect("teardown", 1, 1);
}

#[test]
fn a_reaper_that_was_killed_in_teardown() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("LIFE_DO", "teardown:kill:1");
    run.finish().success();
    scenario.until_started("teardown", 1);
    next_run_cleans(&scenario);
    let calls = scenario.calls();
    calls.expect("cleanup", 2, 2);
    calls.expect("teardown", 2, 1);
}

/// The locks of a dying process go one by one: the next holder of a name half cleaned up
/// may still find its run alive.
#[test]
fn what_a_reaper_takes_down_is_of_no_run_any_more() {
    for hook in ["cleanup", "teardown"] {
        let scenario = Scenario::new(1);
        let run = scenario.test(&["one"], &A);
        run.env("LIFE_DO", format!("{hook}:wait"))
            .finish()
            .success();
        scenario.until_started(hook, 1);
        let file = match hook {
            "cleanup" => scenario.names_file("db-0.json"),
            _ => scenario.names_file("../life.json"),
        };
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("\"runs\":[]"), "{hook}: {text}");
        scenario.go(hook);
        scenario.over();
        scenario.calls().expect_whole_life(1);
    }
}
