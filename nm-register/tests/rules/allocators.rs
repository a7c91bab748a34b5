//! What an allocator decides, whom a process asks that knows the pool as it was.

use nm_register::{
    Assign, By, Code, DECISIONS, Decision, Failure, Kind, Outcome, Place, Request, State, Wanted,
};

use crate::scene::{Pool, Want, after, any, given, machine, token};

fn unbounded() -> Pool {
    Pool::of(nm_register::Names::Numbered {
        template: "seat-{index}".to_owned(),
        max: None,
    })
}

fn place() -> Place {
    Place {
        krate: "app".to_owned(),
        place: "src/seats.rs:3".to_owned(),
        commands: None,
    }
}

/// That this name is lent, where these were.
fn decision(name: &str, out: &[&str]) -> Decision {
    let text = |names: &[&str]| names.join(" ");
    let all: Vec<_> = out.iter().copied().chain([name]).collect();
    Decision {
        name: name.to_owned(),
        was: (!out.is_empty()).then(|| text(out)),
        decisions: text(&all),
        out: out.iter().map(|&name| name.to_owned()).collect(),
        passed: Vec::new(),
    }
}

fn asks(pool: &mut Pool, who: &str, waits: bool, decision: Option<Decision>) -> Outcome {
    let want = Want {
        wants: Wanted::Assigned,
        waits,
        ..any(1)
    };
    let mut request = pool.join(who, want);
    if let Request::Join { waiter, assign, .. } = &mut request {
        waiter.has_allocator = true;
        *assign = Some(Assign {
            allocator: place(),
            decision,
        });
    }
    let session = match who.contains("@2") {
        true => machine(2),
        false => machine(1),
    };
    pool.does(session, request)
}

fn decided(pool: &Pool) -> Option<&str> {
    pool.document.notes.get(DECISIONS).map(String::as_str)
}

#[test]
fn a_decision_and_its_lease_are_one_change() {
    let mut pool = unbounded();
    let first = asks(&mut pool, "a", false, Some(decision("seat-7", &[])));
    assert_eq!(first, Outcome::Granted);
    assert_eq!(decided(&pool), Some("seat-7"));
    assert_eq!(pool.hold("a").by, Some(By::Allocator));
    assert_eq!(pool.document.code.allocator, Some(place()));
    // Said again, as after an answer that was lost, it is the same one.
    let again = asks(&mut pool, "a", false, Some(decision("seat-7", &[])));
    assert_eq!(again, Outcome::Granted);
    pool.is("seat-7:a", "");
}

#[test]
fn of_two_decisions_on_the_same_state_one_is_taken() {
    let mut pool = unbounded();
    assert_eq!(
        asks(&mut pool, "a", false, Some(decision("seat-1", &[]))),
        Outcome::Granted
    );
    let late = asks(&mut pool, "b@2", false, Some(decision("seat-2", &[])));
    assert_eq!(late, Outcome::Busy);
    pool.is("seat-1:a", "");
    let next = Some(decision("seat-2", &["seat-1"]));
    assert_eq!(asks(&mut pool, "b@2", false, next), Outcome::Granted);
    pool.is("seat-1:a seat-2:b", "");
    assert_eq!(decided(&pool), Some("seat-1 seat-2"));
}

#[test]
fn a_waiter_whose_decision_comes_too_late_keeps_its_place_and_is_told_of_once() {
    let mut pool = unbounded();
    assert_eq!(asks(&mut pool, "a", true, None), Outcome::Waiting);
    assert_eq!(asks(&mut pool, "b@2", true, None), Outcome::Waiting);
    let late = Decision {
        was: Some("another".to_owned()),
        ..decision("seat-1", &[])
    };
    assert_eq!(asks(&mut pool, "a", true, Some(late)), Outcome::Waiting);
    pool.is("", "a b");
    assert_eq!(
        asks(&mut pool, "a", true, Some(decision("seat-1", &[]))),
        Outcome::Granted
    );
    pool.is("seat-1:a", "b");
    let waiting = pool.events.iter().filter(|it| it.kind == Kind::Waiting);
    assert_eq!(waiting.count(), 2);
}

#[test]
fn nobody_passes_a_waiter_that_it_was_not_asked_about() {
    let mut pool = unbounded();
    assert_eq!(asks(&mut pool, "a", true, None), Outcome::Waiting);
    let unseen = Some(decision("seat-1", &[]));
    assert_eq!(asks(&mut pool, "b@2", false, unseen.clone()), Outcome::Busy);
    let seen = Decision {
        passed: vec![token("a")],
        ..decision("seat-1", &[])
    };
    assert_eq!(asks(&mut pool, "b@2", false, Some(seen)), Outcome::Granted);
    pool.is("seat-1:b", "a");
}

#[test]
fn a_lease_that_the_allocator_does_not_know_of_keeps_all_others_waiting() {
    let mut pool = unbounded();
    assert_eq!(
        asks(&mut pool, "a", false, Some(decision("seat-1", &[]))),
        Outcome::Granted
    );
    // The server has forgotten the decision, and the lease was said again.
    pool.document.notes.clear();
    let beside = || Some(decision("seat-2", &[]));
    assert_eq!(asks(&mut pool, "b@2", false, beside()), Outcome::Busy);
    pool.end("a");
    assert_eq!(asks(&mut pool, "b@2", false, beside()), Outcome::Granted);
}

#[test]
fn what_a_dead_machine_had_is_taken_back_by_the_next_decision() {
    let mut pool = unbounded();
    assert_eq!(
        asks(&mut pool, "a", false, Some(decision("seat-1", &[]))),
        Outcome::Granted
    );
    let without_it = || Decision {
        was: Some("seat-1".to_owned()),
        ..decision("seat-2", &[])
    };
    assert_eq!(
        asks(&mut pool, "b@2", false, Some(without_it())),
        Outcome::Busy
    );
    pool.dead.insert(machine(1));
    assert_eq!(
        asks(&mut pool, "b@2", false, Some(without_it())),
        Outcome::Granted
    );
    pool.is("seat-2:b", "");
    assert_eq!(decided(&pool), Some("seat-2"));
}

#[test]
fn the_machines_of_those_that_wait_are_told_when_there_may_be_room() {
    let mut pool = unbounded();
    asks(&mut pool, "a", false, Some(decision("seat-1", &[])));
    let before = pool.document.clone();
    assert_eq!(asks(&mut pool, "b@2", true, None), Outcome::Waiting);
    assert!(pool.document.served_since(&before).is_empty());
    let before = pool.document.clone();
    pool.end("a");
    let told = pool.document.served_since(&before);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), [machine(2)]);
}

#[test]
fn nothing_is_decided_while_names_are_not_lent() {
    let mut pool = unbounded();
    pool.calm = false;
    let first = || Some(decision("seat-1", &[]));
    assert_eq!(asks(&mut pool, "a", true, first()), Outcome::Waiting);
    assert_eq!(decided(&pool), None);
    pool.calm = true;
    assert_eq!(asks(&mut pool, "a", true, first()), Outcome::Granted);
}

#[test]
fn a_program_without_the_allocator_is_lent_nothing_and_none_decides_beside_it() {
    let mut pool = unbounded();
    pool.ask("without@2", any(1));
    let first = || Some(decision("seat-1", &[]));
    assert_eq!(asks(&mut pool, "a", false, first()), Outcome::Busy);
    assert_eq!(pool.document.code, Code::default());
    pool.end("without@2");
    assert_eq!(asks(&mut pool, "a", false, first()), Outcome::Granted);
    let refused = Outcome::Failed(Failure::Allocator);
    assert_eq!(pool.ask("without@2", any(1)), refused);
    assert_eq!(pool.ask("without@2", given("seat-9")), refused);
    // Who asks for one beside is not held up by those who wait for the allocator.
    assert_eq!(asks(&mut pool, "b", true, None), Outcome::Waiting);
    assert_eq!(pool.ask("without@2", any(1)), refused);
}

#[test]
fn names_that_an_allocator_makes_for_ever_are_forgotten_but_their_fences_do_not_come_back() {
    let mut pool = unbounded();
    let mut fences = Vec::new();
    for number in 0..100 {
        let name = format!("seat-{number}");
        let was = decided(&pool).map(str::to_owned);
        let next = Decision {
            was,
            ..decision(&name, &[])
        };
        assert_eq!(asks(&mut pool, "a", false, Some(next)), Outcome::Granted);
        fences.push(pool.hold("a").fence);
        pool.end("a");
    }
    assert_eq!(pool.document.names.len(), 64);
    assert!(!pool.document.names.contains_key("seat-0"));
    let was = decided(&pool).map(str::to_owned);
    let next = Decision {
        was,
        ..decision("seat-0", &[])
    };
    assert_eq!(asks(&mut pool, "b", false, Some(next)), Outcome::Granted);
    assert!(fences[0] < pool.hold("b").fence);
}

#[test]
fn what_an_allocator_made_is_kept_while_hooks_are_to_clean_it_up() {
    let mut pool = unbounded();
    let first = Some(decision("kept", &[]));
    assert_eq!(asks(&mut pool, "a", false, first), Outcome::Granted);
    let (token, was) = (
        token("a"),
        Box::new(pool.document.names["kept"].record.clone()),
    );
    let record = Box::new(nm_register::Record {
        life: Some(nm_register::Life::default()),
        ..(*was).clone()
    });
    let name = "kept".to_owned();
    let change = Request::Change {
        token,
        name: name.clone(),
        was,
        record,
    };
    assert_eq!(pool.does(machine(1), change), Outcome::Done);
    let after = after(State::Clean);
    let release = Request::Release { token, name, after };
    assert_eq!(pool.does(machine(1), release), Outcome::Done);
    for number in 0..100 {
        let was = decided(&pool).map(str::to_owned);
        let next = Decision {
            was,
            ..decision(&format!("seat-{number}"), &[])
        };
        assert_eq!(asks(&mut pool, "b", false, Some(next)), Outcome::Granted);
        pool.end("b");
    }
    assert!(pool.document.names.contains_key("kept"));
}

#[test]
fn what_ends_while_all_is_said_again_takes_no_name_from_one_that_was_forgotten() {
    let mut pool = unbounded();
    let first = Some(decision("seat-0", &[]));
    assert_eq!(asks(&mut pool, "z", false, first), Outcome::Granted);
    pool.end("z");
    // Each process of a run that joins it raises the fence of its lock.
    pool.ask_all("r@2 s@2 t@2", given("#alive run").shared());
    let document = pool.document.clone();
    let next = Decision {
        was: Some("seat-0".to_owned()),
        ..decision("seat-1", &[])
    };
    assert_eq!(asks(&mut pool, "a", false, Some(next)), Outcome::Granted);
    let hold = pool.hold("a");
    // The last grant is forgotten, and others come back first, and end.
    pool.freeze(&document);
    for who in ["r@2", "s@2", "t@2"] {
        pool.end(who);
    }
    assert_eq!(pool.again(&[&hold]), Outcome::Done);
    pool.is("seat-1:a", "");
    // Once names are lent again, what is over is forgotten.
    pool.calm = true;
    pool.settle(2);
    assert!(!pool.document.names.contains_key("#alive run"));
}
