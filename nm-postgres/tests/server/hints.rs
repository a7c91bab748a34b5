//! Who is told of a change, and when.

use nm_postgres::{Address, Connection, Hint, Surroundings};
use nm_register::{Outcome, Session};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::instance::shared;
use crate::steps::{Machine, join, release};
use crate::wire::Wire;

/// A connection that is told the hints of a session.
fn listener(wire: &Wire, url: &str, session: Session) -> (Connection, UnboundedReceiver<Hint>) {
    let address = Address::parse(url, &Surroundings::default()).unwrap();
    let (told, hints) = unbounded_channel();
    let connection = wire
        .run(Connection::open_with(&address, Some(told)))
        .unwrap();
    wire.run(connection.listen(session)).unwrap();
    (connection, hints)
}

#[test]
fn a_session_is_told_of_a_change_that_is_done() {
    let Some(server) = shared() else { return };
    let wire = server.database("hints", true);
    let url = server.url("boss", "hints");
    let (_one, mut of_one) = listener(&wire, &url, Session(1));
    let (_two, mut of_two) = listener(&wire, &url, Session(2));
    let machine = Machine::begin(&wire, 1, "ci-1");
    machine.does(join(7, "a"));
    let page = machine.read();
    let decided = machine.decide(&page, release(7));
    let change = machine.change(&page, &decided, &[Session(2), Session(3)]);
    let swap = || wire.run(wire.connection.swap(&change)).unwrap();
    assert!(swap());
    let hint = Hint::Pool("shop".to_owned(), "gcp".to_owned());
    assert_eq!(wire.run(of_two.recv()), Some(hint));
    // One that is lost is not told; nor is one that nobody is to be told of.
    assert!(!swap());
    assert_eq!(machine.does(join(8, "b")), Outcome::Granted);
    wire.run(wire.connection.echo(Session(1), 17)).unwrap();
    wire.run(wire.connection.echo(Session(2), 18)).unwrap();
    assert_eq!(wire.run(of_two.recv()), Some(Hint::Echo(18)));
    assert_eq!(wire.run(of_one.recv()), Some(Hint::Echo(17)));
}
