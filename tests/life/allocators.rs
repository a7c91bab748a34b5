//! Allocators at the end of a run.

use crate::command::wait_until;
use crate::scenario::Scenario;

#[test]
fn an_allocator_is_told_of_the_last_holders_before_anything_is_taken_down() {
    for killed in [false, true] {
        let scenario = Scenario::new(1);
        let run = scenario.test(&["slots"], &["--exact", "slots"]);
        match killed {
            false => run.finish().success(),
            true => run.env("LIFE_BODY", "kill").finish().failure(),
        };
        scenario.until_started("teardown", 1);
        let calls = scenario.calls();
        let order: Vec<_> = calls.0.iter().map(|call| &*call.what).collect();
        assert_eq!(order, ["body", "release", "cleanup", "teardown"], "{calls}");
        wait_until("the reaper has ended", || scenario.processes().is_empty());
    }
}

#[test]
fn an_allocator_without_hooks_is_told_when_the_run_ends() {
    for killed in [false, true] {
        let scenario = Scenario::new(1);
        let run = scenario.test(&["slots"], &["--exact", "plain"]);
        match killed {
            false => run.finish().success(),
            true => run.env("LIFE_BODY", "kill").finish().failure(),
        };
        scenario.until_started("release", 1);
        wait_until("the reaper has ended", || scenario.processes().is_empty());
        // Told once: the next run has nothing to tell.
        scenario
            .test(&["slots"], &["--exact", "plain"])
            .finish()
            .success();
        scenario.until_started("release", 2);
        assert_eq!(scenario.calls().names("body"), ["plain-0", "plain-0"]);
        wait_until("the reaper has ended", || scenario.processes().is_empty());
        scenario.calls().expect("release", 2, 0);
    }
}
