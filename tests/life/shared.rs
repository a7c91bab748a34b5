//! Names that are read by several tests at once.

use crate::scenario::Scenario;

const TOGETHER: [&str; 2] = ["--test-threads=4", "--skip=idle"];

#[test]
fn the_first_reader_makes_the_name_ready_and_the_others_join() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["readers"], &TOGETHER)
        .env("LIFE_DO", "init:wait reset:wait");
    let run = run.env("LIFE_BODY", "a:wait b:wait c:wait d:wait").start();
    scenario.until_started("init", 1);
    scenario.go("init");
    scenario.until_started("body", 4);
    scenario.calls().expect("init", 1, 1);
    scenario.calls().expect("reset", 0, 0);
    for test in ["a", "b", "c", "d"] {
        scenario.go(test);
    }
    run.finish().success();
    scenario.over();
    scenario.calls().expect("init", 1, 1);
    scenario.history().check(1);

    // Once more in the same life: two binaries, the second resets.
    let scenario = Scenario::new(1);
    let run = scenario.test(
        &["one", "readers"],
        &["--test-threads=4", "--skip=idle", "a", "b"],
    );
    let run = run.env("LIFE_DO", "reset:wait").start();
    scenario.until_started("reset", 1);
    scenario.go("reset");
    run.finish().success();
    scenario.over();
    let calls = scenario.calls();
    calls.expect("init", 1, 1);
    calls.expect("body", 4, 4);
    calls.expect("cleanup", 1, 1);
}

#[test]
fn a_reader_whose_init_failed_leaves_the_next_one_to_try() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["readers"], &["--test-threads=1"])
        .env("LIFE_DO", "init:fail:1");
    run.finish().failure().says(&["4 passed; 1 failed"]);
    scenario.over();
    let calls = scenario.calls();
    calls.expect("init", 2, 1);
    calls.expect("body", 3, 3);
    calls.expect("cleanup", 1, 1);
}

#[test]
fn a_reader_that_panicked_leaves_a_reset() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["readers"], &["--test-threads=1"])
        .env("LIFE_BODY", "a:panic");
    run.finish().failure();
    scenario.over();
    let calls = scenario.calls();
    assert!(
        calls.reasons()[0].starts_with("dirty readers::a: its test panicked"),
        "{calls}"
    );
}
