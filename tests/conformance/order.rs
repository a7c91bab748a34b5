//! Who is served, when, and with which name.

use macro_rules_attribute::apply;

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

#[apply(on_each_stage)]
fn waiters_are_served_in_arrival_order_over_processes_and_threads<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("first");
    let waiters = ["a", "b", "a2", "c", "b2", "a3"];
    test.start("a").thread("a2", "a").thread("a3", "a");
    test.start("b").thread("b2", "b");
    for waiter in waiters {
        test.wait(waiter);
    }
    test.release("first");
    for waiter in waiters {
        assert_eq!(test.expect_granted(waiter), ["db-0"]);
        test.release(waiter);
    }
    assert_eq!(test.order(), ["first", "a", "b", "a2", "c", "b2", "a3"]);
    oracle::check(&test.events(), 1);
}

#[apply(on_each_stage)]
fn each_released_name_goes_to_the_first_waiter<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("a").hold("b").wait("c").wait("d");
    test.release("b");
    assert_eq!(test.expect_granted("c"), ["db-1"]);
    test.expect_waiting("d");
    test.release("a");
    assert_eq!(test.expect_granted("d"), ["db-0"]);
    assert_eq!(oracle::check(&test.events(), 2), 2);
}

#[apply(on_each_stage)]
fn whoever_wants_one_name_does_not_overtake_who_wants_two<S: Stage>() {
    // One name is free, but whoever came first wants two.
    let mut test = Story::<S>::new("db", 2);
    test.hold("a");
    test.waits("both", "db count=2").wait("late");
    test.release("a");
    assert_eq!(test.expect_granted("both").len(), 2);
    test.expect_waiting("late").release("both");
    test.expect_granted("late");
}

#[apply(on_each_stage)]
fn names_are_reused_lowest_first_before_new_ones_are_minted<S: Stage>() {
    let mut test = Story::<S>::unbounded("db");
    let name = |test: &mut Story<S>, actor| test.holds(actor, "db").remove(0);
    assert_eq!(name(&mut test, "a"), "db-0");
    assert_eq!(name(&mut test, "b"), "db-1");
    assert_eq!(name(&mut test, "c"), "db-2");
    test.release("b");
    assert_eq!(name(&mut test, "d"), "db-1");
    test.release("c").release("a");
    assert_eq!(name(&mut test, "e"), "db-0");
    assert_eq!(name(&mut test, "f"), "db-2");
    assert_eq!(name(&mut test, "g"), "db-3");
    // A dead holder's name is as free as any.
    test.kill("d");
    assert_eq!(name(&mut test, "h"), "db-1");
}

#[apply(on_each_stage)]
fn the_whole_pool_and_several_names_come_at_once<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.hold("a");
    test.waits("all", "db all");
    test.release("a");
    let mut all = test.expect_granted("all");
    all.sort();
    assert_eq!(all, ["db-0", "db-1", "db-2"]);
    test.waits("two", "db count=2").wait("one");
    // One name is too few for the first waiter, and the second must not have it.
    test.expect("all", "release db-1", "released");
    test.expect_waiting("two").expect_waiting("one");
    test.expect("all", "release db-0", "released");
    let mut two = test.expect_granted("two");
    two.sort();
    assert_eq!(two, ["db-0", "db-1"]);
    test.release("all");
    assert_eq!(test.expect_granted("one"), ["db-2"]);
    oracle::check(&test.events(), 3);
}

#[apply(on_each_stage_of_unix)]
fn a_paused_waiter_is_overtaken_neither_by_newcomers_nor_by_those_behind_it<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder")
        .wait("head")
        .wait("paused")
        .wait("behind");
    test.pause("paused").release("holder");
    test.expect_granted("head");
    // From here on the name is free, and nobody heads the queue.
    test.release("head").expect("newcomer", "try db", "nothing");
    test.wait("late").expect_waiting("behind");
    test.go_on("paused");
    for waiter in ["paused", "behind", "late"] {
        test.expect_granted(waiter);
        test.release(waiter);
    }
    assert_eq!(test.order(), ["holder", "head", "paused", "behind", "late"]);
}
