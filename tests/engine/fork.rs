//! Children inside a test: they neither keep a lease nor end it.

use nm_runtime::journal::Kind;

use crate::support::pool_test::PoolTest;

#[test]
fn a_child_that_outlives_the_lease_does_not_keep_it() {
    for how in ["spawn", "fork"] {
        let mut test = PoolTest::new("db", 1);
        test.hold("a").child("a", how).wait("b").release("a");
        assert_eq!(test.expect_granted("b"), ["db-0"], "{how}");
    }
}

#[test]
fn a_child_started_by_a_holder_that_is_killed_does_not_keep_the_lease() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").child("a", "spawn").wait("b").kill("a");
    assert_eq!(test.expect_granted("b"), ["db-0"]);
}

#[test]
fn a_child_started_by_a_waiter_that_is_killed_does_not_keep_its_place() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder")
        .thread("a2", "a")
        .wait("a2")
        .child("a", "spawn");
    test.wait("b").kill("a").release("holder");
    assert_eq!(test.expect_granted("b"), ["db-0"]);
}

#[test]
fn a_forked_child_of_the_head_does_not_keep_the_queue() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder")
        .thread("a2", "a")
        .wait("a2")
        .child("a", "fork");
    test.wait("b").release("holder");
    test.expect_granted("a2");
    test.release("a2").expect_granted("b");
}

#[test]
fn a_forked_child_that_drops_the_lease_does_not_end_it() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a")
        .expect("a", "fork-and-drop", "dropped in the child");
    test.expect("b", "try db", "nothing");
    assert_eq!(test.events_of(Kind::Released), []);
    test.release("a").hold("b");
}
