//! How often each hook runs when all goes well.

use nm_runtime::journal::Kind;

use crate::command::{Finished, has_nextest};
use crate::scenario::Scenario;

const ALL: [&str; 3] = ["one", "two", "three"];

/// What the journal says agrees with what the hooks say.
#[track_caller]
fn check_journal(scenario: &Scenario, max: usize) {
    let (calls, history) = (scenario.calls(), scenario.history());
    history.check(max);
    for (kind, hook) in [
        (Kind::Setup, "setup"),
        (Kind::Init, "init"),
        (Kind::Reset, "reset"),
        (Kind::Cleanup, "cleanup"),
        (Kind::Teardown, "teardown"),
    ] {
        // Started, and done.
        assert_eq!(
            history.count(kind),
            2 * calls.ended(hook).count(),
            "{hook}\n{calls}"
        );
    }
}

#[test]
fn three_binaries_of_eight_threads() {
    let scenario = Scenario::new(3);
    scenario
        .test(&ALL, &["--test-threads=8"])
        .finish()
        .success();
    scenario.over();
    let calls = scenario.calls();
    calls.expect_whole_life(24);
    assert!(calls.names("init").len() <= 3, "{calls}");
    assert!(calls.reasons().iter().all(|why| *why == "reuse"), "{calls}");
    check_journal(&scenario, 3);
}

#[test]
fn a_process_for_each_test() {
    if !has_nextest() {
        return;
    }
    let scenario = Scenario::new(2);
    let run: Finished = scenario.nextest(&ALL, &["-j8"]).finish().success();
    let run = run.says(&["27 tests run: 27 passed"]);
    assert!(!run.stderr.contains("leak"), "{run}");
    scenario.over();
    scenario.calls().expect_whole_life(24);
    check_journal(&scenario, 2);
}

#[test]
fn names_are_initialised_when_they_are_needed() {
    let scenario = Scenario::new(8);
    scenario
        .test(&ALL, &["--test-threads=2"])
        .finish()
        .success();
    scenario.over();
    let calls = scenario.calls();
    calls.expect_whole_life(24);
    assert!(calls.names("init").len() <= 2, "{calls}");
    check_journal(&scenario, 2);
}
