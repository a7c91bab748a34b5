//! Two runs of one workspace at once.

use crate::command::{Started, wait_until};
use crate::scenario::Scenario;
use nm_runtime::journal::Kind;

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
fn a_name_stays_dirty_when_the_reaper_of_another_run_has_looked_at_it() {
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
    wait_until("its reaper waits for the name", || {
        scenario.history().count(Kind::Waiting) == 1
    });
    scenario.go("reset");
    second.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("body", 3, 2);
    assert!(calls.reasons()[1].starts_with("dirty one::a"), "{calls}");
    calls.expect("init", 1, 1);
    calls.expect("cleanup", 1, 1);
}

#[test]
fn a_run_that_comes_while_the_last_one_cleans_up_begins_anew() {
    let scenario = Scenario::new(1);
    let test = || scenario.test(&["one"], &["--exact", "a"]);
    test().env("LIFE_DO", "cleanup:wait").finish().success();
    scenario.until_started("cleanup", 1);
    let mut second = test().start();
    second.wait_for_line("cleanup after");
    scenario.go("cleanup");
    second.finish().success();
    scenario.over();
    let calls = scenario.calls();
    let order: Vec<_> = calls
        .0
        .iter()
        .filter(|call| !call.start)
        .map(|call| &*call.what)
        .collect();
    let life = ["setup", "init", "body", "cleanup", "teardown"];
    assert_eq!(order, [life, life].concat(), "{calls}");
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
