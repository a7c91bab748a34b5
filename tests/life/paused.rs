//! A reaper that is stopped, and goes on later.

use crate::scenario::Scenario;
use crate::signal;

const A: [&str; 2] = ["--exact", "a"];

#[test]
fn a_paused_reaper_keeps_no_run_from_the_pool_and_cleans_when_it_goes_on() {
    let scenario = Scenario::new(1);
    let run = scenario
        .test(&["one"], &A)
        .env("LIFE_BODY", "a:wait:1")
        .start();
    scenario.until_started("body", 1);
    let paused = scenario.reapers();
    assert_eq!(paused.len(), 1);
    paused.iter().for_each(|reaper| signal::pause(*reaper));
    scenario.go("a");
    run.finish().success();

    scenario.test(&["two"], &A).finish().success();
    assert_eq!(scenario.calls().ended("body").count(), 2);
    paused.iter().for_each(|reaper| signal::resume(*reaper));
    scenario.over();
    scenario.history().check(2);
    let calls = scenario.calls();
    calls.expect("init", 1, 1);
    calls.expect("cleanup", 1, 1);
    calls.expect("teardown", 1, 1);
}
