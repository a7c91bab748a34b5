//! Asking again for what one holds: an error at once, not a hang.

use macro_rules_attribute::apply;

use crate::support::pool_test::{Story, error};
use crate::support::stage::Stage;

#[track_caller]
fn refused(test: &mut Story<impl Stage>, actor: &str, ask: &str) -> String {
    let answer = test.tell(actor, &format!("acquire {ask}"));
    error(&answer, "already-held")
}

#[apply(on_each_stage)]
fn the_only_name_of_a_pool_is_refused_to_its_holder<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a");
    for ask in [
        "db",
        "db shared",
        "db name=db-0",
        "db shared name=db-0",
        "db all",
    ] {
        let message = refused(&mut test, "a", ask);
        assert!(
            message.contains("`a` already holds `db-0` of pool `db`"),
            "{ask}: {message}"
        );
    }
    // Nothing of that is left, nor hurts what it holds.
    test.wait("b").release("a");
    test.expect_granted("b");
}

#[apply(on_each_stage)]
fn the_very_name_and_too_many_are_refused_in_a_larger_pool<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.holds("a", "db name=db-1");
    refused(&mut test, "a", "db name=db-1");
    refused(&mut test, "a", "db all");
    refused(&mut test, "a", "db count=3");
    // What can be had is had.
    assert_eq!(test.holds("a", "db count=2"), ["db-0", "db-2"]);
    refused(&mut test, "a", "db");
}

#[apply(on_each_stage)]
fn another_thread_of_the_same_process_waits_like_any_other<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").thread("a2", "a").wait("a2").release("a");
    assert_eq!(test.expect_granted("a2"), ["db-0"]);
}
