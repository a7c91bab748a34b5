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
    said.says(&["db: cleanup of db-0 failed: cleanup would not, call 2"]);
    scenario
        .name_manager(&["wait"])
        .finish()
        .success()
        .says(&["db: db-0 cleaned"]);
    // The next run is not told of what is put right.
    let next = scenario.test(&["one"], &A).finish().success();
    assert!(!next.stderr.contains("failed"), "{next}");
    scenario.over();
}

#[test]
fn why_an_earlier_run_left_something_is_not_told_of_a_later_one() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("LIFE_DO", "cleanup:fail").finish().success();
    scenario.over();
    // The next run cleans it up itself, in its test, and then loses its reaper.
    let run = scenario.test(&["one"], &A).env("LIFE_BODY", "a:wait");
    let run = run.start();
    scenario.until_started("body", 2);
    scenario.kill_reapers();
    scenario.go("a");
    run.finish().success();
    let status = scenario.name_manager(&["status"]).finish().success();
    let status = status.says(&["not cleaned up: its reaper was killed"]);
    assert!(!status.stdout.contains("cleanup would not"), "{status}");
    scenario.name_manager(&["wait"]).finish().success();
    scenario.over();
}

#[test]
fn a_reset_by_force_forgets_why_something_was_left() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("LIFE_DO", "cleanup:fail").finish().success();
    scenario.over();
    assert_eq!(scenario.notes(), 1);
    let reset = scenario.name_manager(&["reset", "db", "--force"]);
    reset.finish().success();
    assert_eq!(scenario.notes(), 0);
}

#[test]
fn what_was_to_be_kept_is_kept_until_one_says_otherwise() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &A);
    run.env("NAME_MANAGER_KEEP", "always").finish().success();
    scenario.over();
    let kept = "db: db-0 kept (NAME_MANAGER_KEEP) until";
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
        failed.says(&["afterwards, db: cleanup of db-0 failed: cleanup would not, call 1"]);
        run().finish().success();
        scenario.over();
    }
}

/// Two test binaries, of which the first is in a `name-manager run` of its own.
const TWO: &str = "$NM run -- $CARGO test --test one -- --exact a &&
    $CARGO test --test two -- --exact a; exit $?";

#[test]
fn run_waits_until_the_run_of_its_command_is_cleaned_up_after() {
    let scenario = Scenario::new(1);
    let run = scenario.run(&["other"], TWO);
    let run = run.env("NAME_MANAGER_POOL_OTHER_MAX", "1");
    let mut run = run.env("LIFE_DO", "cleanup:wait").start();
    run.wait_for_line("waiting for the clean-up of pool `db` after run process-");
    // Nobody waits for its own names meanwhile.
    let status = scenario.name_manager(&["status", "other"]).finish();
    status.success().says(&["other-0  free"]);
    scenario.go("cleanup");
    run.finish().success();
    assert_eq!(scenario.runs(), 0, "it has not waited");
    // One run: the first binary's end was not the run's.
    scenario.calls().expect_whole_life(2);
    scenario.over();
}

#[test]
fn a_run_that_is_to_ignore_a_signal_does_so_while_it_waits() {
    let scenario = Scenario::new(1);
    let run = scenario.run(&[], TWO).env("LIFE_DO", "cleanup:wait");
    let mut run = run.env("BEFORE", "trap '' HUP").start();
    let line = run.wait_for_line("after run process-");
    let (_, id) = line.split_once("process-").unwrap();
    let (pid, _) = id.split_once('-').unwrap();
    crate::signal::hang_up(pid.parse().unwrap());
    scenario.go("cleanup");
    run.finish().success();
    scenario.over();
}

#[test]
fn a_run_whose_cleanup_fails_exits_with_its_own_code_unless_the_command_failed() {
    for (script, code) in [(TWO.to_owned(), 70), (TWO.replace("exit $?", "exit 3"), 3)] {
        let scenario = Scenario::new(1);
        let run = scenario.run(&[], &script).env("LIFE_DO", "cleanup:fail");
        let failed = run.finish().failure();
        let failed =
            failed.says(&["afterwards, db: cleanup of db-0 failed: cleanup would not, call 1"]);
        let code = format!("it exited with {code}\n");
        assert!(failed.stdout.ends_with(&code), "{failed}");
        scenario.over();
    }
}

#[test]
fn run_does_not_wait_if_told_so() {
    let scenario = Scenario::new(1);
    let run = scenario.run(&["--no-wait"], TWO);
    run.env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 1);
    scenario.go("cleanup");
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

#[test]
fn a_run_that_was_named_before_goes_on_after_a_command_of_it() {
    let scenario = Scenario::new(1);
    let run = scenario.run(&[], TWO).env("NAME_MANAGER_RUN_ID", "mine");
    run.finish().success();
    scenario.calls().expect("cleanup", 0, 0);
    assert_eq!(scenario.reapers().len(), 1);
    // It would wait for the cargo that runs this test.
    scenario.kill_reapers();
}

#[test]
fn the_variable_of_a_process_whose_id_another_has_by_now_means_nothing() {
    let scenario = Scenario::new(1);
    let script = format!("export NAME_MANAGER_RUNNER=$$-1; {TWO}");
    let named = scenario
        .run(&[], &script)
        .env("NAME_MANAGER_RUN_ID", "mine");
    named.finish().success();
    scenario.calls().expect("cleanup", 0, 0);
    scenario.kill_reapers();
}
