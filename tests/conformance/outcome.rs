//! What a lease leaves behind: clean, dirty, broken.

use macro_rules_attribute::apply;
use nm_runtime::journal::{Kind, State};

use crate::support::pool_test::{Story, error};
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn a_panic_releases_at_once_and_marks_dirty<S: Stage>() {
    for ask in ["db", "db shared"] {
        let mut test = Story::<S>::new("db", 1);
        test.holds("a", ask);
        test.wait("b").expect("a", "panic", "panicked");
        test.expect_granted("b");
        assert_eq!(test.record("db-0").state, State::Dirty);
        let released = test.events_of(Kind::Released);
        assert_eq!(released[0].state, Some(State::Dirty));
        assert_eq!(released[0].detail.as_deref(), Some("its test panicked"));
        assert_eq!(test.events_of(Kind::Died), []);
        test.release("b");
        assert_eq!(test.record("db-0").state, State::Clean);
    }
}

#[apply(on_each_stage)]
fn marked_dirty_comes_back_dirty<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a")
        .expect("a", "mark-dirty", "marked")
        .release("a");
    assert_eq!(test.record("db-0").state, State::Dirty);
}

#[apply(on_each_stage)]
fn a_broken_name_is_lent_to_nobody_in_this_run_and_others_are<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("a")
        .expect("a", "mark-broken no such host", "marked")
        .release("a");
    assert_eq!(test.holds("b", "db"), ["db-1"]);
    let message = error(&test.tell("c", "acquire db name=db-0"), "broken");
    assert!(message.contains("no such host"), "{message}");
    error(&test.tell("c", "acquire db all"), "broken");
    error(&test.tell("c", "try db name=db-0"), "broken");
    // In the next run it is tried again.
    test.run("run-2");
    assert_eq!(test.holds("d", "db"), ["db-0"]);
}

#[apply(on_each_stage)]
fn a_name_broken_in_each_of_two_runs_is_broken_in_the_second_too<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a")
        .expect("a", "mark-broken first", "marked")
        .release("a");
    test.run("run-2")
        .hold("b")
        .expect("b", "mark-broken second", "marked")
        .release("b");
    let message = error(&test.tell("c", "acquire db"), "broken");
    assert!(message.contains("second"), "{message}");
    test.run("run-3").hold("d").release("d");
    assert_eq!(test.record("db-0").state, State::Clean);
}

#[apply(on_each_stage)]
fn waiters_fail_when_the_last_usable_name_breaks<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").wait("any").waits("given", "db name=db-0");
    test.expect("a", "mark-broken no such host", "marked")
        .release("a");
    for waiter in ["any", "given"] {
        let message = test.expect_error(waiter, "broken");
        assert!(message.contains("no such host"), "{message}");
    }
}
