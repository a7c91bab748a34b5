//! SIGKILL: of a holder, a waiter, the head of the queue, in each access mode.

use macro_rules_attribute::apply;
use nm_runtime::journal::{Kind, State};

use crate::support::oracle;
use crate::support::pool_test::{Story, fences};
use crate::support::stage::Stage;

/// All ways to hold db-0 of a pool of two so that a second `db all` must wait.
const WAYS: [&str; 6] = [
    "db",
    "db shared",
    "db count=2",
    "db all",
    "db name=db-0",
    "db shared name=db-0",
];

#[apply(on_each_stage)]
fn killed_holder_frees_its_name_dirty_with_a_higher_fence<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").release("a");
    let before = fences(&test.tell("a", "acquire db"));
    test.wait("b").kill("a");
    let after = fences(&test.end_of_wait("b"));
    assert_eq!(before[0].0, after[0].0);
    assert!(after[0].1 > before[0].1, "{before:?} then {after:?}");
    let record = test.record("db-0");
    assert_eq!(record.state, State::Dirty);
    assert_eq!(record.reason.as_deref(), Some("`a` ended while it held it"));
    let died = test.events_of(Kind::Died);
    assert_eq!(died.len(), 1);
    assert_eq!(died[0].holder.test, "a");
    test.release("b");
    let record = test.record("db-0");
    assert_eq!(record.state, State::Clean);
    assert_eq!(record.holders, []);
}

#[apply(on_each_stage)]
fn killed_holder_frees_its_names_however_it_held_them<S: Stage>() {
    for way in WAYS {
        let mut test = Story::<S>::new("db", 2);
        test.holds("holder", way);
        test.waits("all", "db all").kill("holder");
        assert_eq!(test.expect_granted("all").len(), 2, "{way}");
        let died = test.events_of(Kind::Died);
        assert!(
            died.iter().all(|event| event.holder.test == "holder"),
            "{way}"
        );
        assert!(!died.is_empty(), "{way}");
        oracle::check(&test.events(), 2);
    }
}

#[apply(on_each_stage)]
fn killed_holder_is_noticed_by_a_reader_too<S: Stage>() {
    for ask in ["db shared", "db shared name=db-0"] {
        let mut test = Story::<S>::new("db", 1);
        test.hold("holder").waits("reader", ask).kill("holder");
        test.expect_granted("reader");
        assert_eq!(test.events_of(Kind::Died).len(), 1, "{ask}");
        assert_eq!(test.record("db-0").state, State::Dirty, "{ask}");
        oracle::check(&test.events(), 1);
    }
}

#[apply(on_each_stage)]
fn killed_waiter_in_the_middle_leaves_the_others_in_order<S: Stage>() {
    for way in WAYS {
        let mut test = Story::<S>::new("db", 2);
        test.holds("holder", "db all");
        test.wait("a").waits("b", way).wait("c").wait("d").kill("b");
        test.release("holder");
        test.expect_granted("a");
        test.expect_granted("c");
        test.release("a");
        test.expect_granted("d");
        assert_eq!(test.order()[2..], ["a", "c", "d"], "{way}");
        assert_eq!(test.events_of(Kind::Died), [], "{way}");
    }
}

#[apply(on_each_stage)]
fn killed_head_of_the_queue_leaves_its_place_to_the_next<S: Stage>() {
    for way in WAYS {
        let mut test = Story::<S>::new("db", 2);
        test.holds("holder", "db all");
        test.waits("head", way)
            .wait("next")
            .wait("last")
            .kill("head");
        test.release("holder");
        test.expect_granted("next");
        test.expect_granted("last");
        assert_eq!(test.events_of(Kind::Died), [], "{way}");
        oracle::check(&test.events(), 2);
    }
}

#[apply(on_each_stage)]
fn killed_head_that_had_some_of_its_names_gives_them_back<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.hold("holder")
        .waits("head", "db all")
        .wait("next")
        .kill("head");
    assert_eq!(test.expect_granted("next"), ["db-1"]);
    assert_eq!(test.events_of(Kind::Died), []);
}

#[apply(on_each_stage)]
fn holder_and_head_killed_at_once_leave_the_pool_to_the_next<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.thread("head", "holder")
        .hold("holder")
        .wait("head")
        .wait("next");
    test.kill("holder");
    assert_eq!(test.expect_granted("next"), ["db-0"]);
    assert_eq!(test.events_of(Kind::Died).len(), 1);
}

#[apply(on_each_stage)]
fn killed_holder_of_several_pools_frees_them_all<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.also("cache", 1).hold("a").holds("a", "cache");
    test.wait("b").waits("c", "cache").kill("a");
    assert_eq!(test.expect_granted("b"), ["db-0"]);
    assert_eq!(test.expect_granted("c"), ["cache-0"]);
}

#[apply(on_each_stage)]
fn a_process_that_exits_without_dropping_its_leases_frees_them_dirty<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("a").wait("b").begin("a", "exit");
    assert_eq!(test.expect_granted("b"), ["db-0"]);
    assert_eq!(test.record("db-0").state, State::Dirty);
}

#[apply(on_each_stage)]
fn holders_killed_one_after_the_other_make_the_fence_grow_each_time<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    let mut last = 0;
    for actor in ["a", "b", "c", "d"] {
        let (_, fence) = fences(&test.tell(actor, "acquire db")).remove(0);
        assert!(fence > last);
        last = fence;
        test.kill(actor);
    }
}
