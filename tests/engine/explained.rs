//! What a waiter is told of processes that are not as they should be.

use rustix::process::Signal;

use crate::support::patience;
use crate::support::pool_test::PoolTest;

/// Longer than a head takes to show itself.
const SOON: &str = "db timeout=1500";

/// What the waiter `late` is told, after this.
#[track_caller]
fn told(test: &mut PoolTest, meanwhile: impl FnOnce(&mut PoolTest)) -> String {
    test.waits("late", SOON);
    meanwhile(test);
    test.expect_error("late", "timeout")
}

#[test]
fn a_stopped_holder_is_shown_as_stopped() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").pause("holder");
    let pid = test.pid("holder");
    let message = told(&mut test, |_| ());
    let held = format!("db-0 held by `holder` (pid {pid}, stopped, for ");
    assert!(message.contains(&held), "{message}");
}

#[test]
fn a_stopped_head_of_the_queue_is_shown_as_stopped() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").wait("head");
    let shown = test.pool_dir().join("head.json");
    patience::until("a head that shows itself", || shown.exists().then_some(()));
    test.pause("head");
    let pid = test.pid("head");
    let message = told(&mut test, |test| {
        test.release("holder");
    });
    let behind = format!("(behind `head` (pid {pid}, stopped), the head of the queue,");
    assert!(message.contains(&behind), "{message}");
}

#[test]
fn a_stopped_waiter_whose_turn_it_is_is_shown_as_stopped() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").wait("first").wait("second");
    test.pause("second");
    let pid = test.pid("second");
    let message = told(&mut test, |test| {
        test.release("holder").expect_granted("first");
        test.release("first");
    });
    let behind = format!("(behind `second` (pid {pid}, stopped), the head of the queue)");
    assert!(message.contains(&behind), "{message}");
    test.signal("second", Signal::CONT);
    test.expect_granted("second");
}

#[test]
fn a_child_that_keeps_the_lock_of_an_ended_holder_is_told_of() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").child("holder", "fork");
    let pid = test.pid("holder");
    test.kill("holder");
    let message = told(&mut test, |_| ());
    let held = format!(
        "db-0 held by `holder` (pid {pid}, ended, but a process that it started keeps the lock, for "
    );
    assert!(message.contains(&held), "{message}");
}

#[test]
fn a_long_queue_is_told_of_without_being_looked_through() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").start("crowd");
    for waiter in 0..253 {
        let waiter = format!("w{waiter}");
        test.thread(&waiter, "crowd").waits(&waiter, "db");
    }
    let message = told(&mut test, |_| ());
    let behind = "behind `w0`";
    assert!(message.contains(behind), "{message}");
    let others = ", the head of the queue, which waits for a name, and up to 252 other requests)";
    assert!(message.contains(others), "{message}");
}
