//! What is registered for a pool.

use crate::scenario::Scenario;

#[test]
fn two_resources_of_one_pool_are_an_error_with_both_places() {
    let scenario = Scenario::new(1);
    let run = scenario.test(&["twice"], &[]).finish().failure();
    let run = run.says(&["pool `twice` has two resources, at ", "; keep one"]);
    for line in [6, 12] {
        let place = format!("tests/twice.rs:{line}");
        assert!(run.stdout.contains(&place), "no {place}: {run}");
    }
}
