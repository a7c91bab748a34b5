//! What somebody is told who gets it wrong.

use std::sync::Barrier;
use std::thread;

use nm_postgres::{Connection, Error, Kind, LEASE, Made, Surroundings};

use crate::instance::{Instance, shared};
use crate::steps::{Machine, join};
use crate::wire::Wire;

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind, text: &str) {
    let error = result.expect_err("it is a mistake");
    assert_eq!(error.kind(), kind, "{error}: {error:?}");
    assert!(error.to_string().contains(text), "{error}");
}

impl Wire {
    fn check(&self) -> Result<(), Error> {
        self.run(self.connection.check_tables())
    }

    fn make(&self) -> Result<Made, Error> {
        self.run(self.connection.make_tables(LEASE))
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.connection.fmt(f)
    }
}

#[test]
fn tables_are_made_once_by_whoever_is_first_of_many() {
    let Some(server) = shared() else { return };
    let wire = server.database("many", false);
    says(wire.check(), Kind::Missing, "`name-manager server init`");
    says(
        wire.run(wire.connection.read("s", "p")),
        Kind::Missing,
        "`name-manager server init`",
    );
    let start = Barrier::new(6);
    let made: Vec<_> = thread::scope(|scope| {
        let makers = [(); 6].map(|()| {
            scope.spawn(|| {
                let wire = server.connect("boss", "many").unwrap();
                start.wait();
                wire.make().unwrap()
            })
        });
        makers.map(|maker| maker.join().unwrap()).into()
    });
    assert_eq!(
        made.iter().filter(|made| **made == Made::Now).count(),
        1,
        "{made:?}"
    );
    wire.check().unwrap();
    assert_eq!(wire.run(wire.connection.lease()).unwrap(), LEASE);
    assert_eq!(wire.make().unwrap(), Made::Before);
    assert_eq!(
        server.sql("many", "SELECT count(*) FROM name_manager.server"),
        "1"
    );
}

#[test]
fn tables_that_are_newer_or_changed_are_left_alone() {
    let Some(server) = shared() else { return };
    let wire = server.database("newer", true);
    wire.execute("UPDATE name_manager.format SET tables = 2");
    says(
        wire.check(),
        Kind::TooNew,
        "version 2, this program knows up to 1",
    );
    says(wire.make(), Kind::TooNew, "version 2");
    wire.execute("DELETE FROM name_manager.format");
    says(wire.check(), Kind::Damaged, "no version");
}

#[test]
fn a_document_that_somebody_changed_lends_nothing() {
    let Some(server) = shared() else { return };
    let wire = server.database("by_hand", true);
    let machine = Machine::begin(&wire, 1, "ci-1");
    machine.does(join(7, "a"));
    let read = || wire.run(wire.connection.read("shop", "gcp"));
    let change = |doc: &str| wire.execute(&format!("UPDATE name_manager.pool SET doc = {doc}"));
    wire.execute("CREATE TABLE was AS SELECT doc FROM name_manager.pool");
    change("jsonb_set(doc::jsonb, '{holds,0,fence}', '99')");
    says(
        read(),
        Kind::Damaged,
        "`gcp-0` is held with fence 99, which it never had",
    );
    change("jsonb_set(doc::jsonb, '{holds,0,token}', '\"mine\"')");
    says(read(), Kind::Damaged, "`mine` is not an id");
    change("jsonb_set(doc::jsonb, '{v}', '2')");
    says(read(), Kind::TooNew, "written by a newer name-manager");
    change("'{}'");
    says(read(), Kind::Damaged, "missing field");
    wire.execute("UPDATE name_manager.pool SET line = '[{}]', doc = was.doc FROM was");
    says(read(), Kind::Damaged, "missing field `token`");
    wire.execute("UPDATE name_manager.pool SET line = '[]', sessions = '{}'");
    says(
        read(),
        Kind::Damaged,
        "a machine in it is not among its `sessions`",
    );
    // As by somebody who has tidied up.
    wire.execute("DELETE FROM name_manager.server");
    says(read(), Kind::Damaged, "`name_manager.server` has no row");
}

#[test]
fn a_user_who_may_not_is_told_which_rights_it_lacks() {
    let Some(server) = shared() else { return };
    let wire = server.database("rights", false);
    wire.execute("CREATE ROLE guest LOGIN");
    let guest = server.connect("guest", "rights").unwrap();
    says(
        guest.make(),
        Kind::Rights,
        "`name-manager server init --print`",
    );
    says(guest.check(), Kind::Missing, "has no tables");
    wire.make().unwrap();
    says(guest.check(), Kind::Rights, "the schema: USAGE");
    wire.execute("GRANT USAGE ON SCHEMA name_manager TO guest");
    wire.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA name_manager TO guest",
    );
    wire.execute("REVOKE UPDATE ON name_manager.pool FROM guest");
    says(guest.check(), Kind::Rights, "(pool: UPDATE)");
    wire.execute("GRANT UPDATE ON name_manager.pool TO guest");
    guest.check().unwrap();
    // That is all it needs.
    let machine = Machine::begin(&guest, 1, "ci-1");
    machine.does(join(7, "a"));
    machine.does(crate::steps::release(7));
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let Some(server) = shared() else { return };
    let wire = server.database("doors", true);
    wire.execute("CREATE ROLE wants LOGIN PASSWORD 'right'");
    let url =
        |password: &str| format!("postgres://wants{password}@127.0.0.1:{}/doors", server.port);
    let open = |url: &str| Wire::open(url, &Surroundings::default());
    says(open(&url("")), Kind::Login, "wants a password");
    let wrong = open(&url(":secret"));
    let error = wrong.as_ref().unwrap_err();
    let chain = format!("{error} {error:?} {:?}", std::error::Error::source(error));
    assert!(!chain.contains("secret"), "{chain}");
    says(wrong, Kind::Login, "refuses the user or its password");
    open(&url(":right")).unwrap();
    let file = server.file(
        "pgpass",
        &format!("127.0.0.1:{}:*:wants:right\n", server.port),
    );
    let passfile = Some(file);
    let surroundings = Surroundings {
        passfile,
        ..Surroundings::default()
    };
    Wire::open(&url(""), &surroundings).unwrap();
    says(
        server.connect("boss", "nowhere"),
        Kind::Login,
        "no such database",
    );
    says(
        server.connect("nobody", "doors"),
        Kind::Login,
        "refuses the user",
    );
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = open(&format!("postgres://ci@{closed}/names"));
    says(
        nobody,
        Kind::Unreachable,
        &format!("failed to connect to {closed}/names as ci"),
    );
}

#[test]
fn a_server_that_is_full_says_so() {
    let Some(server) = Instance::start() else {
        return;
    };
    let wire = server.database("ours", true);
    wire.execute("CREATE ROLE ci LOGIN");
    let mut held = Vec::new();
    let full = loop {
        match server.connect("ci", "ours") {
            Ok(wire) => held.push(wire),
            Err(error) => break error,
        }
        assert!(held.len() < 110);
    };
    says::<Connection>(Err(full), Kind::Full, "no connection left");
}
