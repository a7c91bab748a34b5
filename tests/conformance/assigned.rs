//! Pools whose allocator decides what is lent.

use macro_rules_attribute::apply;
use name_manager::{Allocator, Asked, Assigned, Assignment, BoxError};
use nm_runtime::journal::Kind;

use crate::support::oracle;
use crate::support::patience;
use crate::support::pool_test::{Story, error};
use crate::support::stage::Stage;

/// Two seats, each numbered as never before. A test that is called so wants both, or comes
/// too early; and one that is too large gets none.
#[derive(Default)]
struct Seats;

const SEATS: u32 = 2;

#[name_manager::resource(pool = "seats")]
impl Allocator for Seats {
    /// The number of the next seat, and how many are taken.
    type State = (u32, u32);

    fn load(&self, text: &str) -> Result<(u32, u32), BoxError> {
        match text.split_once(' ') {
            None => Ok((0, 0)),
            Some((next, taken)) => Ok((next.parse()?, taken.parse()?)),
        }
    }

    fn save(&self, (next, taken): &(u32, u32)) -> String {
        format!("{next} {taken}")
    }

    fn assign(&self, (next, taken): &mut (u32, u32), asked: &Asked<'_>) -> Assignment {
        let (name, wanted) = match asked.test {
            "large" => return Assignment::Never("it needs three seats".to_owned()),
            "early" => return Assignment::Busy,
            "both" => ("both", 2),
            _ => ("seat", 1),
        };
        if *taken + wanted > SEATS {
            return Assignment::Busy;
        }
        (*next, *taken) = (*next + 1, *taken + wanted);
        Assigned::name(format!("{name}-{next}")).into()
    }

    fn release(&self, (_, taken): &mut (u32, u32), name: &str) {
        *taken -= if name.starts_with("both") { 2 } else { 1 };
    }
}

#[apply(on_each_stage)]
fn waiters_for_a_busy_allocator_are_served_in_arrival_order<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").hold("b").wait("c").wait("d");
    test.expect("late", "try seats", "nothing").release("a");
    assert_eq!(test.expect_granted("c"), ["seat-3"]);
    test.expect_waiting("d").release("b");
    assert_eq!(test.expect_granted("d"), ["seat-4"]);
    assert_eq!(oracle::check(&test.events(), 2), 2);
}

#[apply(on_each_stage)]
fn what_a_killed_holder_had_is_taken_back_before_the_next_decision<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").hold("b").wait("c").kill("a");
    assert_eq!(test.expect_granted("c"), ["seat-3"]);
    test.expect("d", "try seats", "nothing");
    // Its name is never lent again: of one machine, nobody sees its death.
    let told = test.events_of(Kind::Died);
    assert_eq!(told.len(), usize::from(S::DEATHS_ARE_TOLD_AT_ONCE));
}

#[apply(on_each_stage)]
fn a_waiter_for_an_allocator_that_is_killed_was_granted_nothing<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").hold("b").wait("c").wait("d").kill("c");
    test.release("a");
    assert_eq!(test.expect_granted("d"), ["seat-3"]);
}

#[apply(on_each_stage)]
fn what_an_allocator_will_never_grant_fails_at_once<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    for ask in ["acquire seats", "try seats"] {
        let message = error(&test.tell("large", ask), "never");
        assert!(message.contains("it needs three seats"), "{message}");
    }
    assert_eq!(test.holds("a", "seats"), ["seat-1"]);
}

#[apply(on_each_stage)]
fn a_waiter_for_an_allocator_is_told_who_holds_what<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").wait("both");
    patience::until("a notice", || {
        let notices = test.notices("both");
        notices.contains("seat-1 held by `a`").then_some(())
    });
}

#[apply(on_each_stage)]
fn a_waiter_for_an_allocator_that_has_lent_nothing_is_told_so<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.wait("early");
    let told = "it is told by the pool's allocator that there is no room";
    patience::until("a notice", || {
        test.notices("early").contains(told).then_some(())
    });
}

#[apply(on_each_stage)]
fn a_request_that_can_be_granted_passes_one_that_cannot<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").wait("both");
    assert_eq!(test.holds("c", "seats"), ["seat-2"]);
    test.expect_waiting("both").wait("d").release("a");
    assert_eq!(test.expect_granted("d"), ["seat-3"]);
    test.expect_waiting("both").release("c").release("d");
    assert_eq!(test.expect_granted("both"), ["both-4"]);
}

#[apply(on_each_stage)]
fn a_request_that_cannot_be_granted_is_passed_eight_times<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").wait("both");
    for _ in 0..8 {
        test.hold("c").release("c");
    }
    test.wait("c").expect_waiting("both").release("a");
    assert_eq!(test.expect_granted("both"), ["both-10"]);
    test.expect_waiting("c").release("both");
    assert_eq!(test.expect_granted("c"), ["seat-11"]);
}

#[apply(on_each_stage)]
fn a_killed_waiter_that_was_passed_holds_up_nobody<S: Stage>() {
    let mut test = Story::<S>::unbounded("seats");
    test.hold("a").wait("both");
    for _ in 0..8 {
        test.hold("c").release("c");
    }
    test.wait("c").kill("both");
    assert_eq!(test.expect_granted("c"), ["seat-10"]);
}
