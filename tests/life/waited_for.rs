//! `name-manager wait`: the clean-up after runs is waited for, and done again.

use crate::command::has_nextest;
use crate::scenario::Scenario;

const A: [&str; 2] = ["--exact", "a"];

#[test]
fn the_cleanup_of_a_run_is_waited_for_and_told() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("LIFE_DO", "cleanup:wait").finish().success();
    let mut waiting = scenario.name_manager(&["wait"]).start();
    waiting.wait_for_line("waiting for the clean-up of pool `db` after run cargo-");
    scenario.go("cleanup");
    let said = waiting.finish().success();
    assert_eq!(said.stdout, "db: db-0 cleaned\ndb: torn down\n");
    scenario.over();
    scenario.calls().expect_whole_life(1);
    let again = scenario.name_manager(&["wait"]).finish().success();
    assert_eq!(again.stdout, "");
}

#[test]
fn a_wait_that_takes_too_long_fails_and_names_what_is_left() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 1);
    let wait = scenario.name_manager(&["wait", "--timeout=10ms"]);
    let said = wait.finish().failure();
    said.says(&[
        "timed out waiting for the clean-up of pool `db` after run cargo-",
        "db-0",
    ]);
    scenario.go("cleanup");
    scenario.over();
}

#[test]
fn what_a_killed_reaper_left_is_shown_and_done_again() {
    for hook in ["cleanup", "teardown"] {
        let scenario = Scenario::new(1);
        let run = scenario.test(&["one"], &A);
        let run = run.env("LIFE_DO", format!("{hook}:kill:1"));
        run.finish().success();
        scenario.until_started(hook, 1);
        crate::command::wait_until("the reaper is gone", || scenario.processes().is_empty());
        let status = scenario.name_manager(&["status"]).finish().success();
        status.says(&["not cleaned up: its reaper was killed", "name-manager wait"]);
        let said = scenario.name_manager(&["wait"]).finish().success();
        said.says(&["db: torn down"]);
        scenario.over();
        let calls = scenario.calls();
        let done = |what| calls.ended(what).count();
        assert_eq!((done("cleanup"), done("teardown")), (1, 1), "{calls}");
        let status = scenario.name_manager(&["status"]).finish().success();
        assert!(!status.stdout.contains("not cleaned up"), "{status}");
    }
}

#[test]
fn a_cleanup_that_fails_again_is_told_with_its_error() {
    let scenario = Scenario::new(1);
    let fails = |command: crate::command::Command| command.env("LIFE_DO", "cleanup:fail");
    fails(scenario.test(&["one"], &A)).finish().success();
    scenario.over();
    let status = scenario.name_manager(&["status"]).finish().success();
    status.says(&["not cleaned up: cleanup would not, call 1"]);
    scenario
        .name_manager(&["doctor"])
        .finish()
        .says(&["`db-0` is not cleaned up"]);
    let reset = scenario.name_manager(&["reset", "db"]).finish().failure();
    reset.says(&["db-0 of pool `db` is not cleaned up", "nothing was reset"]);
    let said = fails(scenario.name_manager(&["wait"])).finish().failure();
    said.says(&["db: db-0 failed: cleanup would not, call 2"]);
    scenario
        .name_manager(&["wait"])
        .finish()
        .success()
        .says(&["db: db-0 cleaned"]);
}

#[test]
fn what_was_to_be_kept_is_kept_until_one_says_otherwise() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("NAME_MANAGER_KEEP", "always").finish().success();
    scenario.over();
    let kept = "db: db-0 kept (NAME_MANAGER_KEEP)";
    scenario
        .name_manager(&["wait"])
        .finish()
        .failure()
        .says(&[kept]);
    scenario.calls().expect("cleanup", 0, 0);
    scenario
        .name_manager(&["wait", "--kept"])
        .finish()
        .success()
        .says(&["db: db-0 cleaned"]);
    scenario.over();
    scenario.calls().expect_whole_life(1);
}

#[test]
fn tests_that_passed_fail_if_their_cleanup_fails() {
    let mut runners = vec![vec!["test", "--test", "one", "--", "--exact", "a"]];
    if has_nextest() {
        runners.push(vec!["nextest", "--test", "one", "-E", "test(=a)"]);
    }
    for args in runners {
        let scenario = Scenario::new(1);
        let run = || scenario.name_manager(&args);
        let failed = run().env("LIFE_DO", "cleanup:fail").finish().failure();
        failed.says(&["after the tests, db: db-0 failed: cleanup would not, call 1"]);
        run().finish().success();
        scenario.over();
    }
}
