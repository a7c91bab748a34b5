//! Deadlines: at the head of the queue, in the middle of it, for a given name.

use std::time::Duration;

use macro_rules_attribute::apply;
use nm_runtime::journal::Kind;

use crate::support::oracle;
use crate::support::pool_test::Story;
use crate::support::stage::Stage;

/// Long enough to see the waiter in its place before it gives up.
const SOON: &str = "timeout=1500";

#[apply(on_each_stage)]
fn the_head_that_gives_up_makes_room_for_the_next<S: Stage>() {
    for ask in [
        "db",
        "db shared",
        "db all",
        "db name=db-0",
        "db shared name=db-0",
    ] {
        let mut test = Story::<S>::new("db", 2);
        test.holds("holder", "db all");
        test.waits("head", &format!("{ask} {SOON}")).wait("next");
        let message = test.expect_error("head", "timeout");
        assert!(message.contains("db-0 held by `holder`"), "{message}");
        assert!(message.contains("NAME_MANAGER_WAIT_TIMEOUT"), "{message}");
        test.expect_waiting("next").release("holder");
        // The holder gives back one after the other: either may be seen first.
        let mut both = test.expect_granted("next");
        both.extend(test.holds("other", "db"));
        both.sort();
        assert_eq!(both, ["db-0", "db-1"], "{ask}");
        assert_eq!(test.events_of(Kind::Timeout).len(), 1);
        oracle::check(&test.events(), 2);
    }
}

#[apply(on_each_stage)]
fn the_deadline_passes_in_the_queue_too_and_the_order_stays<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder").wait("a");
    test.waits("b", &format!("db {SOON}")).wait("c");
    // It gives up while the head before it still waits, not after it.
    test.expect_error("b", "timeout");
    test.expect_waiting("a")
        .expect_waiting("c")
        .release("holder");
    test.expect_granted("a");
    test.release("a").expect_granted("c");
    assert_eq!(test.order(), ["holder", "a", "c"]);
}

#[apply(on_each_stage)]
fn a_thread_that_gave_up_may_ask_again_behind_the_others<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder").wait("a");
    test.waits("b", &format!("db {SOON}")).wait("c");
    test.expect_error("b", "timeout");
    test.wait("b").release("holder");
    for waiter in ["a", "c", "b"] {
        test.expect_granted(waiter);
        test.release(waiter);
    }
    assert_eq!(test.order(), ["holder", "a", "c", "b"]);
}

#[apply(on_each_stage)]
fn waiters_of_one_given_name_give_up_in_any_order<S: Stage>() {
    let mut test = Story::<S>::new("db", 2);
    test.holds("holder", "db name=db-1");
    // The one gives up while it is next, the other behind it.
    test.waits("next", &format!("db name=db-1 {SOON}"));
    test.waits("behind", &format!("db name=db-1 {SOON}"));
    test.waits("patient", "db name=db-1");
    test.expect_error("next", "timeout");
    test.expect_error("behind", "timeout");
    test.expect_waiting("patient").release("holder");
    assert_eq!(test.expect_granted("patient"), ["db-1"]);
    assert_eq!(test.holds("other", "db"), ["db-0"]);
    test.release("patient");
    assert_eq!(test.holds("again", "db"), ["db-1"]);
}

#[apply(on_each_stage)]
fn giving_up_several_names_gives_back_those_that_were_free<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.hold("holder");
    test.waits("head", &format!("db all {SOON}"));
    test.wait("a").wait("b");
    test.expect_error("head", "timeout");
    assert_eq!(test.expect_granted("a"), ["db-1"]);
    assert_eq!(test.expect_granted("b"), ["db-2"]);
}

#[apply(on_each_stage)]
fn a_deadline_of_nothing_takes_what_is_free_and_fails_at_once_otherwise<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    assert_eq!(test.holds("a", "db timeout=0"), ["db-0"]);
    let answer = test.tell("b", "acquire db timeout=0");
    assert!(answer.starts_with("error timeout "), "{answer}");
}

#[apply(on_each_stage)]
fn the_configured_wait_timeout_bounds_every_wait<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.wait_timeout(Duration::from_millis(20)).hold("a");
    let answer = test.tell("b", "acquire db");
    assert!(
        answer.starts_with("error timeout timed out after 20ms"),
        "{answer}"
    );
}

#[apply(on_each_stage)]
fn a_long_wait_says_once_who_holds_what<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder");
    test.waits("a", &format!("db {SOON}"));
    test.expect_error("a", "timeout");
    let said = test.notices("a");
    assert_eq!(said.matches("has waited").count(), 1, "{said}");
    let pid = test.pid("holder");
    assert!(
        said.contains("`a` has waited 1s for a name of pool `db`"),
        "{said}"
    );
    assert!(
        said.contains(&format!(
            "db-0 held by `holder` (pid {pid}{}, for ",
            S::HOST
        )),
        "{said}"
    );
}

#[apply(on_each_stage)]
fn those_of_one_process_that_wait_for_a_pool_say_so_together<S: Stage>() {
    let mut test = Story::<S>::new("db", 1);
    test.hold("holder").start("a").thread("a2", "a");
    for waiter in ["a", "a2"] {
        test.waits(waiter, &format!("db {SOON}"));
    }
    for waiter in ["a", "a2"] {
        test.expect_error(waiter, "timeout");
    }
    let said = test.notices("a");
    assert_eq!(said.matches("has waited").count(), 1, "{said}");
    let together = "; 2 requests of this process wait for it, the first for 1s\n";
    assert!(said.contains(together), "{said}");
}

#[apply(on_each_stage)]
fn a_waiter_is_told_of_the_head_that_it_waits_behind<S: Stage>() {
    let mut test = Story::<S>::new("db", 3);
    test.holds("holder", "db count=2");
    test.waits("head", "db all").wait("between");
    test.waits("late", &format!("db {SOON}"));
    // One name is free, but it is the head's.
    let message = test.expect_error("late", "timeout");
    let expected = [
        "db-0 held by `holder`",
        "behind `head`",
        "has set db-2 aside and waits for 2 names, and another request",
    ];
    for part in expected {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// The price of first come, first served: serial_test would let the second reader in,
/// and a crowd of readers could keep the writer out for ever.
#[apply(on_each_stage)]
fn a_reader_behind_a_waiting_writer_is_told_why_it_waits<S: Stage>() {
    for name in ["", "name=db-0 "] {
        let mut test = Story::<S>::new("db", 1);
        test.holds("reader", &format!("db shared {name}"));
        test.waits("writer", &format!("db {name}"));
        test.waits("late", &format!("db shared {name}{SOON}"));
        let message = test.expect_error("late", "timeout");
        let why = "a writer waits, and readers that come after a writer wait behind it";
        assert!(message.contains(why), "{message}");
    }
}
