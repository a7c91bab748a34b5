//! The model can fail: each deliberate breakage is found.

use name_manager_model::{Engine, Flaw, Program, Request, properties};
use stateright::{Checker, HasDiscoveries, Model};

const A: usize = 0;
const B: usize = 1;

const ANY: Program = Program::patient(&[Request::any(A)]);
const HASTY: Program = Program::hasty(&[Request::any(A)]);
const READER: Program = Program::patient(&[Request::any(A).shared()]);
const NAMED: Program = Program::patient(&[Request::named(A, 0)]);
const HASTY_NAMED: Program = Program::hasty(&[Request::named(A, 0)]);
const NOBODY: Program = Program::patient(&[]);

/// What is found, where all is well without the flaw: see `exhaustive.rs`.
#[track_caller]
fn finds(
    wrong: &'static str,
    flaws: &'static [Flaw],
    programs: [Program; 3],
    max: usize,
    crashes: usize,
) {
    let engine = Engine {
        programs,
        max: [max; 2],
        crashes,
        flaws,
    };
    let checker = engine.checker().finish_when(HasDiscoveries::AnyFailures);
    let found = checker.threads(2).spawn_bfs().join().discoveries();
    let names: Vec<_> = found.keys().collect();
    assert!(names == [&wrong], "{flaws:?}: {names:?}");
}

#[test]
fn no_look_after_listening() {
    finds(
        properties::LIVENESS,
        &[Flaw::NoLookAfterListening],
        [ANY, ANY, NOBODY],
        1,
        0,
    );
}

#[test]
fn a_ring_before_the_unlock() {
    finds(
        properties::LIVENESS,
        &[Flaw::RingBeforeUnlock],
        [ANY, ANY, NOBODY],
        1,
        0,
    );
}

#[test]
fn no_ring() {
    finds(
        properties::LIVENESS,
        &[Flaw::NoRing],
        [ANY, ANY, NOBODY],
        1,
        0,
    );
}

#[test]
fn a_newcomer_that_ignores_the_line() {
    finds(
        properties::ORDER,
        &[Flaw::NewcomerIgnoresQueue],
        [ANY, ANY, ANY],
        1,
        0,
    );
}

#[test]
fn a_ticket_that_outlives_its_owner() {
    finds(
        properties::LIVENESS,
        &[Flaw::DeathLeavesTicket],
        [ANY, ANY, ANY],
        1,
        1,
    );
}

#[test]
fn a_ticket_cleared_while_it_is_drawn_and_kept() {
    finds(
        properties::ORDER,
        &[Flaw::ClearedTicketIsKept],
        [ANY, ANY, ANY],
        1,
        0,
    );
}

#[test]
fn reservations_that_nobody_looks_at() {
    finds(
        properties::ORDER,
        &[Flaw::ReservationIgnored],
        [ANY, NAMED, ANY],
        1,
        0,
    );
}

#[test]
fn no_reservation() {
    finds(
        properties::ORDER,
        &[Flaw::NoReservation],
        [ANY, NAMED, ANY],
        1,
        0,
    );
}

#[test]
fn a_reservation_abandoned_in_silence() {
    finds(
        properties::LIVENESS,
        &[Flaw::AbandonedInSilence],
        [ANY.twice(), HASTY_NAMED, HASTY_NAMED],
        1,
        0,
    );
}

#[test]
fn a_reader_that_lost_its_name_and_writes() {
    finds(
        properties::DEATHS,
        &[Flaw::LostReaderWrites],
        [READER, ANY, ANY],
        1,
        1,
    );
}

#[test]
fn a_reader_that_somebody_took_off_the_record() {
    finds(
        properties::DEATHS,
        &[Flaw::NotSeenOffRecord],
        [READER, ANY, ANY],
        1,
        1,
    );
}

#[test]
fn a_death_that_nobody_tells() {
    finds(
        properties::LIVENESS,
        &[Flaw::NoObituary],
        [ANY, ANY, NOBODY],
        1,
        1,
    );
}

#[test]
fn a_holder_that_is_not_on_record() {
    finds(
        properties::LIVENESS,
        &[Flaw::NoClock],
        [HASTY_NAMED, ANY, ANY],
        1,
        1,
    );
}

#[test]
fn a_holder_that_has_ended_before_it_is_watched() {
    finds(
        properties::LIVENESS,
        &[Flaw::DeadAreWatched],
        [HASTY_NAMED, ANY, ANY],
        1,
        2,
    );
}

#[test]
fn a_head_that_gives_up_and_stays() {
    finds(
        properties::LIVENESS,
        &[Flaw::HeadStays],
        [ANY, HASTY, ANY],
        1,
        0,
    );
}

#[test]
fn pools_in_two_orders() {
    const ONE: Program = Program::patient(&[Request::any(A), Request::any(B)]);
    const OTHER: Program = Program::patient(&[Request::any(B), Request::any(A)]);
    let engine = Engine {
        programs: [ONE, OTHER, NOBODY],
        max: [1; 2],
        crashes: 0,
        flaws: &[],
    };
    let checker = engine.checker().threads(2).spawn_bfs().join();
    checker.assert_any_discovery(properties::LIVENESS);
}
