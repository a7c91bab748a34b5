//! Hooks that need a runtime, under tests that have one.

use crate::command::{has_nextest, wait_until};
use crate::scenario::Scenario;

#[test]
fn hooks_may_block_on_a_runtime_under_async_tests() {
    let whole_life = |scenario: &Scenario| {
        wait_until("every process has ended", || {
            scenario.processes().is_empty()
        });
        let calls = scenario.calls();
        for (what, times) in [
            ("setup", 1),
            ("init", 1),
            ("reset", 3),
            ("body", 4),
            ("cleanup", 1),
            ("teardown", 1),
        ] {
            assert_eq!(calls.started(what).count(), times, "{what}\n{calls}");
        }
    };
    let scenario = Scenario::new(1);
    let run = scenario.test(&["asynchronous"], &["--test-threads=4"]);
    run.finish().success();
    whole_life(&scenario);
    if has_nextest() {
        let scenario = Scenario::new(1);
        scenario.nextest(&["asynchronous"], &[]).finish().success();
        whole_life(&scenario);
    }
}
