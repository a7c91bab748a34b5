//! What somebody is told who gets it wrong: one line, without the password.

use std::fs;
use std::net::{SocketAddr, TcpListener};

use crate::door::Door;
use crate::instance::{Instance, shared};
use crate::lab::{Lab, Said};

const COMMANDS: [&str; 3] = ["init", "check", "upgrade"];

/// It exits with that, and says that, once and alone: `check` as one of its findings.
#[track_caller]
fn told(said: &Said, code: i32, with: &str) {
    assert_eq!(said.code, code, "{said:?}");
    let all = format!("{}{}", said.out, said.err);
    assert_eq!(all.matches(with).count(), 1, "`{with}` in {said:?}");
    assert!(!all.contains("secret"), "{said:?}");
    assert!(!all.contains("panicked"), "{said:?}");
    if said.out.is_empty() {
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
    }
}

#[track_caller]
fn all_told(door: &Door, code: i32, with: &str) {
    for command in COMMANDS {
        told(&door.run(&["server", command]), code, with);
    }
}

#[test]
fn who_names_no_server_is_told_what_to_write() {
    let lab = Lab::new();
    for command in COMMANDS {
        let said = lab.run(&["server", command]);
        told(&said, 2, "set NAME_MANAGER_SERVER to its address");
    }
    all_told(&Door::to("none"), 2, "NAME_MANAGER_SERVER is `none`");
    for (garbage, says) in [
        ("", "expected `postgres://"),
        ("secret", "expected `postgres://"),
        ("mysql://ci:secret@db/names", "expected `postgres://"),
        ("postgres://ci:secret@db:port/names", "cannot be read"),
        ("postgres://db/names", "must name a user"),
        ("postgres://ci:secret@db/names?sslmode=prefer", "plain text"),
        (
            "postgres://ci@db/names?passfile=/nowhere",
            "failed to read the password file `/nowhere`",
        ),
    ] {
        let door = Door::to(garbage);
        all_told(&door, 2, says);
        all_told(&door, 2, "variable NAME_MANAGER_SERVER: ");
    }
}

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    closed.local_addr().unwrap()
}

#[test]
fn only_pools_of_a_server_need_it() {
    let address = nowhere();
    let door = Door::to(&format!("postgres://ci:secret@{address}/names"));
    let dir = tempfile::tempdir().unwrap();
    let pools = "[pools.gcp]\nnames = [\"a\"]\nscope = \"server\"\nspace = \"acme/shop\"\nwait_timeout = \"500ms\"\n[pools.local]\nmax = 1\n";
    fs::write(dir.path().join("name-manager.toml"), pools).unwrap();
    let run = |pool: &str| {
        let mut command = door.command(&["run", pool, "--", "true"]);
        command
            .env("NAME_MANAGER_DIR", dir.path().join("state"))
            .env("NAME_MANAGER_PROGRAM", env!("CARGO_BIN_EXE_name-manager"))
            .current_dir(dir.path());
        Said::of(command.output().unwrap())
    };
    let said = run("local").succeeds();
    assert!(!said.err.contains(&address.to_string()), "{said:?}");
    let says = format!("pool `gcp` (failed to connect to {address}/names as ci");
    told(&run("gcp"), 124, &says);
}

#[test]
fn who_finds_nobody_there_is_told_where() {
    let address = nowhere();
    let door = Door::to(&format!("postgres://ci:secret@{address}/names"));
    let says = format!("failed to connect to {address}/names as ci");
    all_told(&door, 1, &says);
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let Some(server) = shared() else { return };
    let init = Door::to_new(server, "doors").run(&["server", "init"]);
    let grants = init.succeeds().out;
    // Its password is asked for: see `pg_hba.conf` there.
    server.sql("doors", "CREATE ROLE wants LOGIN PASSWORD 'right'");
    server.sql("doors", &grants.replace("TO ci;", "TO wants;"));
    let to = |user: &str, database: &str| {
        Door::to(&format!(
            "postgres://{user}@127.0.0.1:{}/{database}",
            server.port
        ))
    };
    all_told(&to("wants", "doors"), 1, "wants a password");
    all_told(
        &to("wants:secret", "doors"),
        1,
        "refuses the user or its password",
    );
    all_told(&to("nobody", "doors"), 1, "refuses the user");
    all_told(&to("boss", "nowhere"), 1, "there is no such database");
    let file = server.file(
        "pgpass",
        &format!("127.0.0.1:{}:doors:wants:right\n", server.port),
    );
    for args in [["server", "check"], ["server", "init"]] {
        let door = to("wants", "doors");
        let mut command = door.command(&args);
        let said = Said::of(command.env("PGPASSFILE", &file).output().unwrap());
        said.succeeds();
    }
}

#[test]
fn who_finds_other_tables_or_none_is_told_what_to_do() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "tables");
    for command in ["check", "upgrade"] {
        let said = door.run(&["server", command]);
        told(&said, 1, "run `name-manager server init`");
    }
    server.sql("tables", "CREATE ROLE guest LOGIN");
    let guest = Door::to(&server.url("guest", "tables"));
    let said = guest.run(&["server", "init"]);
    told(&said, 1, "the user may not create a schema");
    door.run(&["server", "init"]).succeeds();
    for command in ["check", "upgrade"] {
        let said = guest.run(&["server", command]);
        told(&said, 1, "lacks rights (the schema: USAGE)");
    }
    server.sql("tables", "UPDATE name_manager.format SET tables = 2");
    all_told(&door, 1, "version 2, this program knows up to 1");
}

#[test]
fn who_gets_no_connection_is_told_so() {
    let Some(server) = Instance::start() else {
        return;
    };
    Door::to_new(&server, "crowded")
        .run(&["server", "init"])
        .succeeds();
    server.sql("crowded", "CREATE ROLE ci LOGIN CONNECTION LIMIT 0");
    let door = Door::to(&server.url("ci", "crowded"));
    all_told(&door, 1, "has no connection left");
}
