//! Events, and what an agent asks beside READ and SWAP.

use std::time::Duration;

use nm_postgres::{Glance, Kind, Lent};
use nm_register::{Document, Event, Outcome, Request, Session, State, Token};

use crate::instance::shared;
use crate::steps::{Machine, join, release, release_as};
use crate::wire::Wire;

fn read(wire: &Wire, from: u64, after: i64, most: usize) -> Vec<(i64, Event)> {
    let events = wire.connection.events("shop", "gcp", from, after, most);
    wire.run(events).unwrap()
}

#[test]
fn events_are_read_from_a_time_on_in_pages() {
    let Some(server) = shared() else { return };
    let wire = server.database("events", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    machine.does(join(7, "a"));
    let first = read(&wire, 0, 0, 9).remove(0).1;
    let at = |time| Event {
        time,
        ..first.clone()
    };
    let more = [at(5), at(6), at(7)];
    wire.run(wire.connection.append("shop", "gcp", &more))
        .unwrap();
    wire.run(wire.connection.append("shop", "other", &more))
        .unwrap();
    let times = |events: &[(i64, Event)]| events.iter().map(|it| it.1.time).collect::<Vec<_>>();
    let page = read(&wire, 5, 0, 2);
    assert_eq!(times(&page), [5, 6]);
    assert_eq!(times(&read(&wire, 5, page[1].0, 2)), [7]);
    assert_eq!(read(&wire, 8, 0, 2), []);
    // All but two of a project.
    wire.run(wire.connection.prune(2, 30)).unwrap();
    assert_eq!(read(&wire, 0, 0, 9), []);
    let count = || wire.ask("SELECT count(*)::int FROM name_manager.journal");
    assert_eq!(count(), 2);
    wire.execute("UPDATE name_manager.journal SET at = now() - interval '31 days'");
    wire.run(wire.connection.prune(2, 30)).unwrap();
    assert_eq!(count(), 0);
    wire.execute("INSERT INTO name_manager.journal (space, pool, time, event) VALUES ('shop', 'gcp', 9, '{\"time\": 9}')");
    let error = wire.run(wire.connection.events("shop", "gcp", 0, 0, 9));
    assert_eq!(error.unwrap_err().kind(), Kind::Damaged);
}

#[test]
fn a_glance_finds_those_that_can_never_be_served_whatever_the_tests_are_called() {
    let Some(server) = shared() else { return };
    let wire = server.database("glance", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    let pools = [("shop".to_owned(), "gcp".to_owned())];
    let is_served = |token: u128| {
        let tokens = [Token(token)];
        let glances = wire.connection.glance(&pools, &tokens, Session(1));
        wire.run(glances).unwrap()[0].is_served
    };
    let called = |token: u128| format!("\"token\":\"{}\",\"failed\":", Token(token));
    machine.does(join(7, &called(8)));
    machine.does(join(8, &called(9)));
    assert!(is_served(7));
    assert!(!is_served(8));
    machine.does(release_as(7, State::Broken));
    assert!(is_served(8));
    assert!(!is_served(7) && !is_served(9));
}

#[test]
fn a_long_journal_is_pruned_at_once() {
    let Some(server) = shared() else { return };
    let wire = server.database("long", true);
    wire.execute(
        "INSERT INTO name_manager.journal (space, pool, time, event) \
         SELECT 'shop', 'gcp', 0, '{}' FROM generate_series(1, 40000)",
    );
    // Of the oldest, one by one, it would take many times as long.
    let prune = wire.connection.prune(20_000, 30);
    let pruned = wire.run(async { tokio::time::timeout(Duration::from_secs(60), prune).await });
    pruned.expect("it is soon done").unwrap();
    let left = wire.ask("SELECT count(*)::int FROM name_manager.journal");
    assert_eq!(left, 20_000);
}

#[test]
fn sessions_that_ended_long_ago_are_forgotten_with_the_events() {
    let Some(server) = shared() else { return };
    let wire = server.database("ended", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    machine.does(join(7, "a"));
    for session in [2, 3] {
        Machine::begin(&wire, session, "ci-2");
    }
    wire.execute(
        "UPDATE name_manager.session SET seen = now() - interval '31 days' WHERE id::text NOT LIKE '%3'",
    );
    wire.run(wire.connection.prune(9, 30)).unwrap();
    // One is still named in a pool, and one lives.
    assert_eq!(
        wire.ask("SELECT count(*)::int FROM name_manager.session"),
        2
    );
    wire.run(wire.connection.end(Session(3))).unwrap();
    assert_eq!(
        wire.ask("SELECT count(*)::int FROM name_manager.session"),
        1
    );
}

#[test]
fn tags_and_entries_are_found_without_reading_pools() {
    let Some(server) = shared() else { return };
    let wire = server.database("cheap", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    let key = |pool: &str| ("shop".to_owned(), pool.to_owned());
    let pools = [key("gcp"), key("unused")];
    let glance_as = |tokens: &[Token], session| {
        let glances = wire.connection.glance(&pools, tokens, Session(session));
        wire.run(glances).unwrap()
    };
    let glance = |tokens: &[Token]| glance_as(tokens, 1);
    let seen = |tag, is_served, lent| {
        let key = key("gcp");
        vec![Glance {
            key,
            tag,
            is_served,
            lent,
        }]
    };
    let entries = |session| wire.run(wire.connection.entries(Session(session))).unwrap();
    assert_eq!(glance(&[Token(7)]), []);
    assert_eq!(entries(1).1, []);
    machine.does(join(7, "a"));
    machine.does(join(9, "b"));
    assert_eq!(machine.read().document.line.len(), 1);
    let page = machine.read();
    // All that is lent, and nobody who waits.
    let lent = || Lent {
        start: page.look.start,
        document: Document {
            line: Vec::new(),
            ..page.document.clone()
        },
    };
    let tag = page.tag.unwrap();
    let both = [Token(8), Token(7)];
    assert_eq!(glance(&both), seen(tag, true, Some(lent())));
    assert_eq!(glance(&[Token(8), Token(9)]), seen(tag, false, None));
    // Whoever was declared dead finds that out.
    wire.execute(
        "INSERT INTO name_manager.session (id, beat, dead, who) \
         VALUES ('00000000-0000-0000-0000-000000000005', 1, true, '{}')",
    );
    assert_eq!(glance_as(&both, 5), seen(tag, true, None));
    let left = Request::Leave(Token(9));
    machine.does(left);
    assert_eq!(entries(1), (page.look.start, vec![key("gcp")]));
    assert_eq!(entries(2), (page.look.start, vec![]));
    let of = |tokens: &[Token]| wire.run(wire.connection.pools_of(tokens)).unwrap();
    assert_eq!(of(&[Token(8), Token(7)]), [key("gcp")]);
    assert_eq!(of(&[Token(8)]), []);
    machine.does(release(7));
    assert_ne!(glance(&[])[0].tag, page.tag.unwrap());
    assert_eq!(entries(1).1, []);
}

#[test]
fn who_has_locked_a_row_is_not_overtaken() {
    let Some(server) = shared() else { return };
    let (one, two) = (
        server.database("rows", true),
        server.connect("boss", "rows").unwrap(),
    );
    let (near, far) = (
        Machine::begin(&one, 1, "ci-1"),
        Machine::begin(&two, 2, "ci-2"),
    );
    near.does(join(7, "a"));
    let page = two.run(two.connection.lock("shop", "gcp")).unwrap();
    let late = near.read();
    assert!(!near.swap(&late, &near.decide(&late, release(7))));
    assert!(far.swap_locked(&page, &far.decide(&page, join(8, "b"))));
    assert_eq!(near.does(release(7)), Outcome::Done);
    assert_eq!(near.read().document.holds[0].who.test, "b");
    two.run(two.connection.lock("shop", "gcp")).unwrap();
    two.run(two.connection.roll_back()).unwrap();
    assert_eq!(near.does(Request::Settle), Outcome::Done);
}

#[test]
fn a_row_is_locked_as_it_is_by_then_whatever_isolation_is_the_default() {
    let Some(server) = shared() else { return };
    let one = server.database("strict", true);
    one.execute("ALTER DATABASE strict SET default_transaction_isolation = 'serializable'");
    let two = server.connect("boss", "strict").unwrap();
    let far = Machine::begin(&two, 2, "ci-2");
    far.does(join(7, "a"));
    let page = two.run(two.connection.lock("shop", "gcp")).unwrap();
    // What a serializable transaction has read.
    let read = "SELECT count(*)::int FROM pg_locks WHERE mode = 'SIReadLock' \
                AND database = (SELECT oid FROM pg_database WHERE datname = 'strict')";
    assert_eq!(one.ask(read), 0);
    assert!(far.swap_locked(&page, &far.decide(&page, release(7))));
}

#[test]
fn the_lease_is_the_servers() {
    let Some(server) = shared() else { return };
    let wire = server.database("leases", false);
    let make = |seconds| {
        let lease = Duration::from_secs(seconds);
        wire.run(wire.connection.make_tables(lease))
    };
    for seconds in [4, 601] {
        assert_eq!(make(seconds).unwrap_err().kind(), Kind::Config);
    }
    make(5).unwrap();
    // Tables that are there keep what they have.
    make(60).unwrap();
    let lease = || wire.run(wire.connection.lease());
    assert_eq!(lease().unwrap(), Duration::from_secs(5));
    wire.execute("DELETE FROM name_manager.format");
    assert_eq!(lease().unwrap_err().kind(), Kind::Damaged);
}
