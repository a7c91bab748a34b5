//! The head of the queue is woken, rather than looking again by itself. It does
//! that now and then, too: the first time after a second, to say who holds what,
//! and then so late that these tests would have failed.

use std::fs::{self, File};

use rustix::fs::{FlockOperation, flock};

use crate::support::patience;
use crate::support::pool_test::{PoolTest, error};

/// The head has said that it waits, and sleeps.
fn sleeps(test: &mut PoolTest, head: &str) {
    patience::until("a notice", || {
        test.notices(head).contains("has waited").then_some(())
    });
}

#[test]
fn a_release_wakes_the_head_though_a_forked_child_keeps_everything_open() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").child("holder", "fork").wait("head");
    sleeps(&mut test, "head");
    test.release("holder").expect_granted("head");
}

#[test]
fn death_wakes_the_head() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder").wait("head");
    sleeps(&mut test, "head");
    test.kill("holder").expect_granted("head");
}

#[test]
fn each_name_wakes_the_head_that_wants_several() {
    let mut test = PoolTest::new("db", 3);
    test.hold("a").hold("b").waits("head", "db all");
    sleeps(&mut test, "head");
    test.release("a").kill("b").expect_granted("head");
}

#[test]
fn the_last_reader_wakes_the_writer() {
    let mut test = PoolTest::new("db", 1);
    test.holds("a", "db shared");
    test.holds("b", "db shared");
    test.wait("writer");
    sleeps(&mut test, "writer");
    test.release("a").expect_waiting("writer");
    test.release("b").expect_granted("writer");
}

#[test]
fn a_given_name_wakes_its_waiter_and_then_the_head() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder")
        .waits("given", "db name=db-0")
        .wait("head");
    sleeps(&mut test, "head");
    test.release("holder").expect_granted("given");
    test.release("given").expect_granted("head");
}

#[test]
fn a_reader_of_a_given_name_wakes_the_head_that_it_held_back() {
    // The head could share db-0 at once, but for the writer that reserved it.
    let mut test = PoolTest::new("db", 1);
    test.holds("reader", "db shared");
    // The head's process starts before the writer's time runs.
    test.start("head")
        .waits("writer", "db name=db-0 timeout=3000")
        .waits("head", "db shared");
    sleeps(&mut test, "head");
    // The writer gives up: the name is no longer reserved.
    test.expect_error("writer", "timeout");
    test.expect_granted("head");
}

#[test]
fn whoever_gave_up_a_given_name_passes_on_what_it_is_granted_after_all() {
    // Its request stays in the kernel's queue for the name, is granted for a
    // moment when the name is released, and must not leave the head asleep.
    for _ in 0..10 {
        let mut test = PoolTest::new("db", 1);
        test.hold("holder");
        // On a busy machine it may have given up before it is seen to wait.
        let gave_up = test.waits_or_answers("given", "db name=db-0 timeout=300");
        test.wait("head");
        let gave_up = gave_up.unwrap_or_else(|| test.end_of_wait("given"));
        error(&gave_up, "timeout");
        test.release("holder").expect_granted("head");
    }
}

#[test]
fn a_given_name_that_is_granted_too_late_wakes_the_head() {
    let mut test = PoolTest::new("db", 1);
    test.hold("a").release("a");
    // Held by one who wakes nobody, so that only the one who gave up can.
    let lock = File::open(test.names_file("db-0.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    error(
        &test.tell("given", "acquire db name=db-0 timeout=200"),
        "timeout",
    );
    let bell = test.pool_dir().join("bell");
    let rung = || fs::read(&bell).unwrap();
    let before = rung();
    // It is queued in the kernel still, and gets the name for a moment, in which
    // the head finds it taken.
    flock(&lock, FlockOperation::Unlock).unwrap();
    patience::until("the bell rings", || (rung() != before).then_some(()));
    test.hold("b");
}

#[test]
fn the_death_of_one_who_came_by_a_given_name_meanwhile_wakes_the_head() {
    let mut test = PoolTest::new("db", 1);
    test.hold("holder")
        .waits("given", "db name=db-0")
        .wait("head");
    sleeps(&mut test, "head");
    test.release("holder").expect_granted("given");
    test.kill("given").expect_granted("head");
}

#[test]
fn a_wait_beside_a_broken_name_costs_no_processor_time() {
    let mut test = PoolTest::new("db", 2);
    test.hold("a")
        .expect("a", "mark-broken no such host", "marked")
        .hold("b")
        .release("a");
    test.wait("c");
    // The notice comes after a second of waiting; the wait must have been spent
    // asleep. Time on the processor, so that a slow machine changes nothing.
    patience::until("a notice", || {
        test.notices("c").contains("has waited").then_some(())
    });
    let pid = test.pid("c");
    let ticks = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = ticks
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    assert!(
        ticks < 30,
        "{ticks} hundredths of a second on the processor in a wait of one"
    );
    test.release("b").expect_granted("c");
}
