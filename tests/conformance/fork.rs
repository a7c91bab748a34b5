//! Children of a process that holds a name of a server: they have its connection to the agent
//! and the file that proves that it lives, and neither keep a lease nor end it.

use nm_runtime::journal::Kind;
use rustix::process::Signal;

use crate::server::Server;
use crate::support::pool_test::Story;
use crate::support::process::send;

fn story(max: u32, tell: impl FnOnce(Story<Server>)) {
    match crate::database::can_be_made() {
        true => tell(Story::new("db", max)),
        false => crate::support::skip::because("PostgreSQL is not installed"),
    }
}

/// A process that ends with the test.
struct Child(u32);

impl Child {
    /// The actor starts it (`spawn`), or forks it off (`fork`).
    fn of(test: &mut Story<Server>, actor: &str, how: &str) -> Self {
        let answer = test.tell(actor, how);
        let id = answer.strip_prefix("child ").and_then(|id| id.parse().ok());
        Self(id.expect("the id of a child"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        send(self.0, Signal::KILL);
    }
}

#[test]
fn a_child_that_outlives_the_lease_does_not_keep_it() {
    for how in ["spawn", "fork"] {
        story(1, |mut test| {
            test.hold("a");
            let _child = Child::of(&mut test, "a", how);
            test.wait("b").release("a");
            assert_eq!(test.expect_granted("b"), ["db-0"], "{how}");
        });
    }
}

#[test]
fn a_child_started_by_a_holder_that_is_killed_does_not_keep_the_lease() {
    story(1, |mut test| {
        test.hold("a");
        let _child = Child::of(&mut test, "a", "spawn");
        test.wait("b").kill("a");
        assert_eq!(test.expect_granted("b"), ["db-0"]);
    });
}

#[test]
fn what_a_killed_holder_had_is_free_once_the_last_forked_child_has_ended() {
    story(1, |mut test| {
        test.hold("a");
        let child = Child::of(&mut test, "a", "fork");
        test.wait("b");
        send(test.pid("a"), Signal::KILL);
        test.expect_waiting("b");
        drop(child);
        assert_eq!(test.expect_granted("b"), ["db-0"]);
    });
}

#[test]
fn a_forked_child_that_drops_the_lease_does_not_end_it() {
    story(1, |mut test| {
        test.hold("a")
            .expect("a", "fork-and-drop", "done in the child");
        test.expect("b", "try db", "nothing");
        assert_eq!(test.events_of(Kind::Released), []);
        test.release("a").hold("b");
    });
}

#[test]
fn a_forked_child_that_asks_is_a_process_of_its_own() {
    story(2, |mut test| {
        test.hold("a")
            .expect("a", "fork-and-ask db", "done in the child");
        // What its parent holds it has not given back.
        test.hold("b").expect("c", "try db", "nothing");
        test.release("a");
        assert_eq!(test.holds("c", "db"), ["db-0"]);
    });
}
