//! Hooks that take long, and who waits for them.

use crate::scenario::Scenario;

const TWO: [&str; 4] = ["--exact", "--test-threads=2", "a", "b"];

#[test]
fn who_waits_for_an_init_is_told_so() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &TWO).env("LIFE_DO", "init:wait");
    let mut run = run.start();
    run.wait_for_line("has waited");
    let line = run.wait_for_line("db-0");
    assert!(line.contains("db-0 held by `one::"), "{line}");
    assert!(line.contains("initialising db-0 for "), "{line}");
    scenario.go("init");
    run.finish().success();
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

/// Nobody can bound what others' hooks take, so no deadline counts it: it would tell of a
/// slow `init` as of a test that never ends.
#[test]
fn the_deadline_of_those_who_wait_counts_no_hook_of_another() {
    const THREE: [&str; 5] = ["--exact", "--test-threads=3", "a", "b", "c"];
    for hook in ["setup", "init", "reset"] {
        let scenario = Scenario::new(1);
        let run = scenario.test(&["one"], &THREE);
        let run = run.env("LIFE_DO", format!("{hook}:wait"));
        // Said after a second; shorter by little, as the others' bodies take what is left of it.
        let mut run = run.env("NAME_MANAGER_WAIT_TIMEOUT", "900ms").start();
        run.wait_for_line("has waited");
        assert_eq!(scenario.timed_out(), 0, "{hook}");
        scenario.go(hook);
        run.finish().success();
        scenario.over();
        scenario.calls().expect_whole_life(3);
    }
}

#[test]
fn after_the_hook_of_another_a_deadline_counts() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["one"], &TWO).env("LIFE_DO", "init:wait");
    let run = run.env("LIFE_BODY", "a:wait b:wait");
    let mut run = run.env("NAME_MANAGER_WAIT_TIMEOUT", "500ms").start();
    run.wait_for_line("has waited");
    scenario.go("init");
    crate::command::wait_until("one of them gives up", || scenario.timed_out() == 1);
    scenario.go("a");
    scenario.go("b");
    let run = run.finish().failure();
    run.says(&[
        "1 passed; 1 failed",
        "timed out after 500ms, not counting ",
        " of hooks, waiting for a name of pool `db`",
    ]);
    scenario.over();
    scenario.calls().expect_whole_life(1);
}

#[test]
fn others_go_on_to_other_names_while_one_is_initialised() {
    let scenario = Scenario::new(2);
    // Of two the first initialises db-0 until the other has ended.
    let run = scenario
        .test(&["one"], &TWO)
        .env("LIFE_DO", "init:wait:1")
        .start();
    crate::command::wait_until("the other ends", || {
        scenario.calls().ended("body").count() == 1
    });
    scenario.calls().expect("init", 2, 1);
    scenario.go("init");
    run.finish().success();
    scenario.over();
    scenario.calls().expect_whole_life(2);
}

#[test]
fn a_name_that_is_ready_is_lent_before_one_that_is_not() {
    let scenario = Scenario::new(3);
    let run = scenario.test(&["given", "one"], &["--test-threads=1"]);
    run.finish().success();
    scenario.over();
    let calls = scenario.calls();
    assert_eq!(calls.names("init"), ["db-1"], "{calls}");
    assert_eq!(calls.names("body"), ["db-1"; 9], "{calls}");
}
