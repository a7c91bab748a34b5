//! Two runs of one workspace at once.

use crate::command::{Started, wait_until};
use crate::scenario::Scenario;

/// A run of the test `a` that lives on until told, holding nothing.
fn start(scenario: &Scenario, binary: &str, idle: &str) -> Started {
    let args = ["--exact", "--test-threads=1", "a", "idle"];
    let run = scenario
        .test(&[binary], &args)
        .env("LIFE_IDLE", idle)
        .start();
    wait_until(&format!("{idle} idles"), || {
        scenario
            .calls()
            .started("idle")
            .any(|call| call.detail == idle)
    });
    run
}

/// Two runs use one name; the one that ends first leaves it alone.
#[track_caller]
fn check(binary: &str, ends_first: &str, ends_last: &str) {
    let scenario = Scenario::new(1);
    let mut runs = ["run-1", "run-2"].map(|idle| Some((idle, start(&scenario, binary, idle))));
    let mut end = |which: &str| {
        let run = runs
            .iter_mut()
            .find(|run| run.as_ref().is_some_and(|run| run.0 == which));
        scenario.go(which);
        run.unwrap().take().unwrap().1.finish().success();
    };
    end(ends_first);
    wait_until("its reaper has ended", || scenario.runs() == 1);
    let calls = scenario.calls();
    calls.expect("init", 1, 1);
    calls.expect("reset", 1, 1);
    calls.expect("cleanup", 0, 0);
    calls.expect("teardown", 0, 0);
    end(ends_last);
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

#[test]
fn the_run_that_initialised_a_name_leaves_it_to_the_other() {
    check("one", "run-1", "run-2");
}

#[test]
fn the_run_that_joined_leaves_it_to_the_first() {
    check("one", "run-2", "run-1");
}

#[test]
fn a_run_that_only_reads_is_a_user_too() {
    check("readers", "run-1", "run-2");
}

#[test]
fn a_reader_that_joins_other_readers_is_a_user_too() {
    let scenario = Scenario::new(1);
    let first = scenario.test(&["readers"], &["--exact", "a"]);
    let first = first.env("LIFE_BODY", "a:wait").start();
    scenario.until_started("body", 1);
    let args = ["--exact", "--test-threads=1", "b", "idle"];
    let second = scenario
        .test(&["readers"], &args)
        .env("LIFE_IDLE", "run-2")
        .start();
    scenario.until_started("idle", 1);
    scenario.go("a");
    first.finish().success();
    wait_until("its reaper has ended", || scenario.runs() == 1);
    scenario.calls().expect("cleanup", 0, 0);
    scenario.go("run-2");
    second.finish().success();
    scenario.over();
    let calls = scenario.calls();
    for hook in ["setup", "init", "cleanup", "teardown"] {
        calls.expect(hook, 1, 1);
    }
    calls.expect("reset", 0, 0);
}

#[test]
fn names_that_only_the_first_used_are_cleaned_when_it_ends() {
    let scenario = Scenario::new(2);
    let other = scenario.test(&["one"], &["--exact", "a"]);
    let other = other.env("LIFE_BODY", "a:wait").start();
    scenario.until_started("body", 1);
    scenario
        .test(&["two"], &["--exact", "b"])
        .finish()
        .success();
    wait_until("its reaper has ended", || scenario.runs() == 1);
    let calls = scenario.calls();
    assert_eq!(calls.names("cleanup"), ["db-1"], "{calls}");
    calls.expect("teardown", 0, 0);
    scenario.go("a");
    other.finish().success();
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

#[test]
fn a_name_stays_dirty_that_the_reaper_of_another_run_leaves_alone() {
    let scenario = Scenario::new(1);
    let first = start(&scenario, "one", "run-1");
    let second = scenario.test(&["one", "two"], &["--exact", "a"]);
    let second = second
        .env("LIFE_DO", "reset:wait:1")
        .env("LIFE_BODY", "a:kill:2")
        .start();
    // The name's record does not say yet that the second run uses it, too.
    scenario.until_started("reset", 1);
    scenario.go("run-1");
    first.finish().success();
    // It leaves the name to the reaper of the run that has it.
    wait_until("its reaper has ended", || scenario.runs() == 1);
    scenario.calls().expect("cleanup", 0, 0);
    scenario.go("reset");
    second.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 3, 2);
    assert!(calls.reasons()[1].starts_with("dirty one::a"), "{calls}");
    calls.expect("init", 1, 1);
    calls.expect("cleanup", 1, 1);
}

/// What ended, in order, without the names.
fn ends(scenario: &Scenario) -> Vec<String> {
    let calls = scenario.calls().0.into_iter();
    let ends = calls.filter(|call| !call.start);
    ends.map(|call| call.what).collect()
}

const A: [&str; 2] = ["--exact", "a"];

#[test]
fn a_run_that_comes_while_its_only_name_is_cleaned_up_waits_for_that_alone() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["one"], &A);
    test().env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 1);
    let mut second = test().start();
    second.wait_for_line("has waited");
    let line = second.wait_for_line("db-0 held by `cleanup after cargo-");
    assert!(line.contains("cleaning up db-0 for "), "{line}");
    scenario.go("cleanup");
    second.finish().success();
    scenario.over();
    let again = ["init", "body", "cleanup"];
    let all = [&["setup"][..], &again, &again, &["teardown"]].concat();
    assert_eq!(ends(&scenario), all, "{}", scenario.calls());
}

#[test]
fn a_run_that_comes_while_another_name_is_cleaned_up_waits_for_nothing() {
    let scenario = Scenario::new(2);
    // Each has the name that the other has not.
    let first = scenario.test(&["one"], &["--exact", "--test-threads=2", "a", "b"]);
    let first = first.env("LIFE_BODY", "a:meet b:meet");
    first.env("LIFE_DO", "cleanup@db-1:wait").finish().success();
    wait_until("db-0 is cleaned up, and db-1 is not", || {
        let calls = scenario.calls();
        calls.ended("cleanup").count() == 1 && calls.started("cleanup").count() == 2
    });
    scenario.test(&["one"], &A).finish().success();
    scenario.calls().expect("cleanup", 2, 1);
    scenario.go("cleanup@db-1");
    scenario.over();
    let calls = scenario.calls();
    assert_eq!(calls.names("init")[2..], ["db-0"], "{calls}");
    calls.expect("setup", 1, 1);
    calls.expect("reset", 0, 0);
    calls.expect("cleanup", 3, 3);
    calls.expect("teardown", 1, 1);
    assert_eq!(calls.0.last().unwrap().what, "teardown", "{calls}");
}

#[test]
fn a_run_that_comes_while_the_pool_is_torn_down_begins_anew() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["one"], &A);
    test().env("LIFE_DO", "teardown:wait").finish().success();
    scenario.until_started("teardown", 1);
    let mut second = test().start();
    second.wait_for_line("has waited");
    let line = second.wait_for_line("`cleanup after cargo-");
    assert!(line.contains("tearing down the pool for "), "{line}");
    scenario.go("teardown");
    second.finish().success();
    scenario.over();
    let life = ["setup", "init", "body", "cleanup", "teardown"];
    assert_eq!(
        ends(&scenario),
        [life, life].concat(),
        "{}",
        scenario.calls()
    );
}

#[test]
fn several_names_are_cleaned_up_at_the_same_time() {
    let scenario = Scenario::new(2);
    let run = scenario.test(&["one"], &["--exact", "--test-threads=2", "a", "b"]);
    let run = run.env("LIFE_BODY", "a:meet b:meet");
    run.env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 2);
    scenario.go("cleanup");
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

#[test]
fn two_whole_runs() {
    let scenario = Scenario::new(2);
    let runs = ["one", "two"].map(|binary| scenario.test(&[binary], &["--test-threads=8"]).start());
    for run in runs {
        run.finish().success();
    }
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 16, 16);
    // The second may have come after the first was cleaned up.
    for (begin, end) in [("setup", "teardown"), ("init", "cleanup")] {
        let (begun, ended) = (calls.names(begin), calls.names(end));
        assert_eq!(begun.len(), ended.len(), "{calls}");
    }
    scenario.history().check(2);
}
