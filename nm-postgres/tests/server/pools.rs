//! Changes by compare-and-swap, and beats.

use nm_postgres::Beaten;
use nm_register::{Outcome, Request, Seen, Session};

use crate::instance::shared;
use crate::steps::{Machine, join, release};

#[test]
fn a_pool_is_changed_by_whoever_read_it_as_it_is() {
    let Some(server) = shared() else { return };
    let (one, two) = (
        server.database("swaps", true),
        server.connect("boss", "swaps").unwrap(),
    );
    let (one, two) = (
        Machine::begin(&one, 1, "ci-1"),
        Machine::begin(&two, 2, "ci-2"),
    );
    let (page, late) = (one.read(), two.read());
    assert_eq!(page.tag, None);
    assert!(one.swap(&page, &one.decide(&page, join(7, "a"))));
    // Who would make the pool, too, is late; so is who has read it before.
    assert!(!two.swap(&late, &two.decide(&late, join(8, "b"))));
    let late = two.read();
    assert_eq!(one.does(Request::Settle), Outcome::Done);
    assert!(!two.swap(&late, &two.decide(&late, join(8, "b"))));
    assert_eq!(two.does(join(8, "b")), Outcome::Waiting);
    assert_eq!(one.does(release(7)), Outcome::Done);
    let page = two.read();
    assert_eq!(page.document.holds[0].who.test, "b");
    let sessions: Vec<_> = page.look.sessions.into_iter().collect();
    assert_eq!(sessions, [(Session(2), Seen::Beat(1))]);
    // What happened is in the journal, once, and there is a view for people.
    let events = server.sql(
        "swaps",
        "SELECT string_agg(event->>'kind', ' ' ORDER BY n) FROM name_manager.journal",
    );
    assert_eq!(events, "acquired waiting released acquired");
    let holders = server.sql(
        "swaps",
        "SELECT space, pool, name, fence, who->>'test' FROM name_manager.holders",
    );
    assert_eq!(holders, "shop|gcp|gcp-0|2|b");
}

#[test]
fn a_row_that_somebody_has_locked_is_a_lost_swap_and_no_wait() {
    let Some(server) = shared() else { return };
    let (one, other) = (
        server.database("locked", true),
        server.connect("boss", "locked").unwrap(),
    );
    let machine = Machine::begin(&one, 1, "ci-1");
    machine.does(join(7, "a"));
    let page = machine.read();
    let decided = machine.decide(&page, release(7));
    other.execute("BEGIN; SELECT FROM name_manager.pool FOR UPDATE");
    assert!(!machine.swap(&page, &decided));
    other.execute("COMMIT");
    assert!(machine.swap(&page, &decided));
}

#[test]
fn a_beat_and_a_burial_are_swaps_of_one_row() {
    let Some(server) = shared() else { return };
    let wire = server.database("beats", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    let x = machine.session;
    let beat = |count| wire.run(wire.connection.beat(x, count)).unwrap();
    let bury = |seen| wire.run(wire.connection.bury(x, seen)).unwrap();
    assert!(matches!(beat(2), Beaten::Alive(_)));
    assert!(!bury(Seen::Beat(1)), "it has beaten since");
    assert!(
        matches!(beat(1), Beaten::Alive(_)),
        "a later one has come before"
    );
    assert_eq!(machine.does(join(7, "a")), Outcome::Granted);
    assert!(bury(Seen::Beat(2)) && !bury(Seen::Beat(2)));
    assert_eq!(beat(3), Beaten::Dead);
    let anew = wire.run(wire.connection.begin(x, 9, "ci-1")).unwrap();
    assert_eq!(anew, Beaten::Dead, "never the same session again");
    // The dead change nothing, whatever they have read before.
    let page = machine.read();
    assert_eq!(page.look.sessions[&x], Seen::Dead);
    assert!(!machine.swap(&page, &machine.decide(&page, Request::Settle)));
    let next = Machine::begin(&wire, 2, "ci-2");
    assert_eq!(next.does(join(8, "b")), Outcome::Granted);
    // One that the server forgot.
    let y = Session(5);
    let unknown = wire.run(wire.connection.beat(y, 4)).unwrap();
    assert!(matches!(unknown, Beaten::Missing(_)));
    assert!(wire.run(wire.connection.bury(y, Seen::Missing)).unwrap());
    assert_eq!(wire.run(wire.connection.beat(y, 5)).unwrap(), Beaten::Dead);
}

#[test]
fn what_a_test_says_can_be_stored_whatever_it_is() {
    let Some(server) = shared() else { return };
    let wire = server.database("said", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    let odd = "a\0b \u{1f980} \"quoted\" \\u0000 '; DROP SCHEMA name_manager; --";
    assert_eq!(machine.does(join(7, odd)), Outcome::Granted);
    let test = machine.read().document.holds[0].who.test.clone();
    assert!(test.starts_with("a\u{fffd}b \u{1f980}"), "{test}");
}
