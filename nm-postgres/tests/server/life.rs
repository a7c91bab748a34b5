//! Restarts, standbys, and what a server may forget.

use nm_postgres::{Beaten, Kind, LEASE};
use nm_register::{Due, Observer, Outcome, Request, Seen, Session};
use std::time::Duration;

use crate::instance::Instance;
use crate::steps::{Machine, join};

#[test]
fn after_a_restart_nothing_is_granted_until_somebody_has_seen_it_calm() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let before = {
        let wire = server.database("ours", true);
        let machine = Machine::begin(&wire, 1, "ci-1");
        assert_eq!(machine.does(join(7, "a")), Outcome::Granted);
        machine.read()
    };
    server.stop();
    server.go();
    let wire = server.connect("boss", "ours").unwrap();
    let machine = Machine {
        wire: &wire,
        session: Session(1),
    };
    let page = machine.read();
    assert_ne!(page.look.start, before.look.start);
    assert_eq!((page.tag, &page.document), (before.tag, &before.document));
    assert!(!page.look.server.is_calm(page.look.start));
    // What was read from the process before is not changed by it.
    assert!(!machine.swap(&before, &machine.decide(&before, Request::Settle)));
    let other = Machine::begin(&wire, 2, "ci-2");
    let mut observer = Observer::new(Duration::from_secs(30));
    let mut look = |at| observer.look(&machine.read().look, Some(0), Duration::from_secs(at));
    let replace = |due: Vec<Due>| match due[..] {
        [Due::Server { was, row }] => wire.run(wire.connection.replace_server(was, row)).unwrap(),
        _ => panic!("{due:?}"),
    };
    let due = look(0);
    assert!(
        replace(due.clone()) && !replace(due),
        "one of them is first"
    );
    assert_eq!(look(1), []);
    machine.does(crate::steps::release(7));
    assert_eq!(other.does(join(8, "b")), Outcome::Waiting);
    let beat = wire.run(wire.connection.beat(Session(1), 2)).unwrap();
    assert_eq!(beat, Beaten::Alive(page.look.start));
    wire.run(wire.connection.beat(Session(2), 2)).unwrap();
    assert!(replace(look(31)));
    assert_eq!(other.does(Request::Settle), Outcome::Done);
    let hold = &other.read().document.holds[0];
    assert_eq!((hold.who.test.as_str(), hold.fence), ("b", (1 << 32) + 1));
}

#[test]
fn a_beat_is_not_lost_with_a_killed_process_of_the_server() {
    let Some(server) = Instance::start() else {
        return;
    };
    let start = {
        let wire = server.database("ours", true);
        // As careless as a server can be set.
        wire.execute("ALTER DATABASE ours SET synchronous_commit = off");
        let wire = server.connect("boss", "ours").unwrap();
        let machine = Machine::begin(&wire, 1, "ci-1");
        let start = machine.read().look.start;
        wire.run(wire.connection.beat(Session(1), 2)).unwrap();
        let pid = wire.ask("SELECT pg_backend_pid()");
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        // Until the server has seen that, it lets others in, and ends them then.
        while wire.run(wire.connection.beat(Session(1), 2)).is_ok() {}
        start
    };
    // All others end with it, and begin anew, in the same server.
    let wire = loop {
        match server.connect("boss", "ours") {
            Ok(wire) => break wire,
            Err(error) => assert_eq!(error.kind(), Kind::Unreachable, "{error}"),
        }
    };
    let beat = wire.ask("SELECT beat::int FROM name_manager.session");
    assert_eq!(beat, 2);
    let machine = Machine {
        wire: &wire,
        session: Session(1),
    };
    assert_eq!(machine.read().look.start, start);
}

#[test]
fn a_standby_is_told_apart_and_is_another_process_once_it_takes_over() {
    let Some(mut primary) = Instance::start() else {
        return;
    };
    let old = {
        let wire = primary.database("ours", true);
        let machine = Machine::begin(&wire, 1, "ci-1");
        machine.does(join(7, "a"));
        machine.read()
    };
    let standby = Instance::standby_of(&primary);
    let wire = standby.connect("boss", "ours").unwrap();
    for error in [
        wire.run(wire.connection.check_tables()).unwrap_err(),
        wire.run(wire.connection.make_tables(LEASE)).unwrap_err(),
        wire.run(wire.connection.read("shop", "gcp")).unwrap_err(),
        wire.run(wire.connection.beat(Session(1), 2)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::ReadOnly, "{error}");
        assert!(
            error
                .to_string()
                .contains("it is a standby; name the primary"),
            "{error}"
        );
    }
    primary.stop();
    standby.promote();
    let machine = Machine {
        wire: &wire,
        session: Session(1),
    };
    let page = machine.read();
    assert_eq!(page.tag, old.tag);
    assert!(!page.look.server.is_calm(page.look.start));
    assert!(!machine.swap(&old, &machine.decide(&old, Request::Settle)));
    assert_eq!(page.look.sessions[&Session(1)], Seen::Beat(1));
}
