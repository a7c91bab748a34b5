//! Waiting for one given name: beside the queue.

use macro_rules_attribute::apply;

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn waiting_for_a_given_name_holds_nobody_back_from_the_others<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.holds("holder", "db name=db-0");
    test.waits("given", "db name=db-0");
    assert_eq!(test.holds("a", "db"), ["db-1"]);
    assert_eq!(test.holds("b", "db name=db-2"), ["db-2"]);
    test.expect_waiting("given").release("holder");
    assert_eq!(test.expect_granted("given"), ["db-0"]);
}

#[apply(on_each_stage)]
fn waiting_for_a_given_name_does_not_starve_behind_those_who_take_any<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.holds("holder", "db name=db-0");
    test.holds("other", "db");
    test.waits("given", "db name=db-0").wait("any").wait("late");
    // The first name that is free again is the given one, and the head wants any.
    test.release("holder");
    assert_eq!(test.expect_granted("given"), ["db-0"]);
    test.expect_waiting("any").release("given");
    assert_eq!(test.expect_granted("any"), ["db-0"]);
    test.release("other");
    assert_eq!(test.expect_granted("late"), ["db-1"]);
    oracle::check(&test.events(), 2);
}

#[apply(on_each_stage_of_unix)]
fn waiters_for_one_given_name_are_served_in_arrival_order<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.holds("holder", "db name=db-1");
    let waiters = ["a", "b", "c", "d"];
    for waiter in waiters {
        test.waits(waiter, "db name=db-1");
    }
    test.release("holder");
    for waiter in waiters {
        assert_eq!(test.expect_granted(waiter), ["db-1"]);
        test.release(waiter);
    }
    assert_eq!(test.order(), ["holder", "a", "b", "c", "d"]);
}

#[apply(on_each_stage)]
fn whoever_waits_for_any_name_is_not_passed_by_a_later_given_one<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder")
        .wait("any")
        .waits("given", "db name=db-0");
    test.release("holder");
    test.expect_granted("any");
    test.expect_waiting("given").release("any");
    test.expect_granted("given");
}

#[apply(on_each_stage)]
fn killed_waiter_for_a_given_name_hands_it_to_those_who_take_any<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder")
        .waits("given", "db name=db-0")
        .wait("any");
    test.kill("given");
    test.expect_waiting("any").release("holder");
    assert_eq!(test.expect_granted("any"), ["db-0"]);
}

#[apply(on_each_stage)]
fn killed_while_it_gave_up_a_reservation_of_a_free_name_wakes_the_head<S: Stage>() {
    // Both readers share; the writer waits for them beside the queue, and while
    // it does readers that come later must not pass it.
    let mut test = Story::<S>::new("db", 1);
    test.holds("reader", "db shared");
    test.waits("writer", "db name=db-0")
        .waits("late", "db shared");
    test.kill("writer");
    assert_eq!(test.expect_granted("late"), ["db-0"]);
}

#[apply(on_each_stage)]
fn a_name_that_the_pool_has_not_is_refused<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    let answer = test.tell("a", "acquire db name=db-2");
    assert_eq!(
        answer,
        "error config pool `db` has no name `db-2`; it has db-0, db-1: ask for one that it has, or change the pool's size"
    );
    let answer = test.tell("a", "acquire db count=3");
    assert!(
        answer.starts_with("error config asked pool `db` for 3 names; it has 2"),
        "{answer}"
    );
}
