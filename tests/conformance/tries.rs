//! `try_acquire`: now or not at all.

use macro_rules_attribute::apply;

use crate::support::pool_test::Story;
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn trying_takes_what_is_free_and_nothing_else<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.expect("a", "try db", "granted db-0:1");
    test.expect("b", "try db name=db-0", "nothing");
    test.expect("b", "try db count=2", "nothing");
    test.expect("b", "try db shared name=db-0", "nothing");
    // A try that found too few names keeps none of them.
    test.expect("c", "try db", "granted db-1:1");
    test.expect("b", "try db", "nothing");
    test.release("a").release("c");
    test.expect("b", "try db all", "granted db-0:2 db-1:2");
}

#[apply(on_each_stage)]
fn trying_does_not_overtake_waiters<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("holder").waits("head", "db all");
    // db-1 is free, but the head waits for both.
    test.expect("a", "try db", "nothing");
    test.expect("a", "try db name=db-1", "nothing");
    test.expect_waiting("head").release("holder");
    test.expect_granted("head");
}

#[apply(on_each_stage)]
fn trying_does_not_overtake_a_waiter_for_a_given_name<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.holds("reader", "db shared");
    test.waits("writer", "db name=db-0");
    test.expect("late", "try db shared", "nothing");
    test.expect("late", "try db shared name=db-0", "nothing");
    test.release("reader").expect_granted("writer");
}

#[apply(on_each_stage)]
fn trying_for_what_the_thread_holds_itself_is_no_error<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").expect("a", "try db", "nothing");
}

#[apply(on_each_stage)]
fn trying_leaves_no_waiting_event<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").expect("b", "try db", "nothing");
    assert_eq!(test.events().len(), 1);
}
