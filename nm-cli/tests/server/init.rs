//! Tables are made once, and for whom.

use crate::door::Door;
use crate::instance::shared;
use crate::lab::Lab;

#[test]
fn init_makes_the_tables_once_and_says_what_a_user_of_tests_needs() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "init");
    let shown = format!("127.0.0.1:{}/init as boss", server.port);
    let said = door.run(&["server", "init", "--lease", "5s"]).succeeds();
    let made = format!("made the tables, version 1, with a lease of 5s, in {shown}");
    assert!(said.err.contains(&made), "{said:?}");
    server.sql("init", "CREATE ROLE ci LOGIN");
    server.sql("init", &said.out);
    // What it says to grant is enough.
    Door::to(&server.url("ci", "init"))
        .run(&["server", "check"])
        .succeeds();
    // Again, by who has made them and by who may not.
    for user in ["boss", "ci"] {
        let door = Door::to(&server.url(user, "init"));
        let said = door.run(&["server", "init"]).succeeds();
        let is_there = "changed nothing: the tables are there, version 1, with a lease of 5s";
        assert!(said.err.contains(is_there), "{said:?}");
    }
    let said = door.run(&["server", "init", "--lease", "1m"]);
    said.fails(1, "with a lease of 5s, which stays");
    let said = door.run(&["server", "upgrade"]).succeeds();
    assert!(said.out.starts_with("up to date: "), "{said:?}");
}

#[test]
fn what_print_shows_makes_the_tables_by_psql() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "printed");
    server.sql("printed", "CREATE ROLE printed LOGIN");
    // Without a server.
    let lab = Lab::new();
    let statements = lab.run(&["server", "init", "--print", "--lease", "90s"]);
    let statements = statements.answer().replace("TO ci;", "TO printed;");
    server.sql("printed", &statements);
    let said = door.run(&["server", "init"]).succeeds();
    assert!(said.err.contains("with a lease of 1m 30s"), "{said:?}");
    Door::to(&server.url("printed", "printed"))
        .run(&["server", "check"])
        .succeeds();
    let statements = lab.run(&["server", "upgrade", "--print"]).answer();
    server.sql("printed", &statements);
}

#[test]
fn a_lease_that_no_server_may_have_is_refused() {
    let lab = Lab::new();
    for lease in ["4s", "11m", "5.5", "0s", "long", "5s 1us"] {
        let said = lab.run(&["server", "init", "--print", "--lease", lease]);
        assert_eq!((said.code, &*said.out), (2, ""), "{lease}: {said:?}");
        assert!(said.err.contains("--lease"), "{lease}: {said:?}");
    }
}
