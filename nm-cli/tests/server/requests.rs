//! What who wants a name is told if the server cannot lend it, and that nothing is lost by that.

use std::fs;
use std::net::TcpListener;

use crate::door::Door;
use crate::instance::{Instance, shared};
use crate::lab::Said;
use crate::machines::{POOLS, Project};

/// A command that can be seen to have run.
const WANTS: [&str; 5] = ["run", "gcp", "--", "touch", "ran"];

/// It fails with that, said once and in one line, and no command has run.
#[track_caller]
fn fails(project: &Project, code: i32, with: &str) {
    for said in [
        project.run("ci-1", &WANTS),
        project.run_apart("ci-1", &WANTS),
    ] {
        was_told(project, &said, code, with);
    }
}

#[track_caller]
fn was_told(project: &Project, said: &Said, code: i32, with: &str) {
    assert_eq!((said.code, &*said.out), (code, ""), "{said:?}");
    assert_eq!(said.err.matches(with).count(), 1, "`{with}` in {said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert!(!said.err.contains("secret"), "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
    assert!(!project.path("ran").exists(), "{said:?}");
}

/// The command runs.
#[track_caller]
fn is_served(project: &Project) {
    project.run("ci-1", &WANTS).succeeds();
    fs::remove_file(project.path("ran")).unwrap();
}

fn to(url: &str) -> Project {
    Project::to(Door::to(url), POOLS)
}

/// Where nobody waits for long: it is no use.
fn briefly(url: &str) -> Project {
    let pools = POOLS.replace("\"90s\"", "\"500ms\"");
    assert_ne!(pools, POOLS);
    Project::to(Door::to(url), &pools)
}

#[test]
fn nobody_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let project = briefly(&format!("postgres://ci:secret@{address}/names"));
    let says = format!("of pool `gcp` (failed to connect to {address}/names as ci: ");
    fails(&project, 124, &says);
}

#[test]
fn a_wrong_password() {
    let Some(server) = shared() else { return };
    // Its password is asked for: see `pg_hba.conf` there.
    server.sql("postgres", "CREATE ROLE asks LOGIN PASSWORD 'right'");
    let door = Door::to_new(server, "requests_password");
    let grants = door.run(&["server", "init"]).succeeds().out;
    server.sql("requests_password", &grants.replace("TO ci;", "TO asks;"));
    let as_user = |user: &str| to(&server.url(user, "requests_password"));
    let wrong = as_user("asks:secret");
    let says = format!(
        "127.0.0.1:{}/requests_password as asks refuses the user or its password: ",
        server.port
    );
    fails(&wrong, 1, &says);
    let says =
        "requests_password as asks wants a password; write it into a file that PGPASSFILE names";
    fails(&as_user("asks"), 1, says);
    is_served(&as_user("asks:right"));
}

#[test]
fn a_standby() {
    let Some(server) = Instance::start() else {
        return;
    };
    let door = Door::to_new(&server, "names");
    door.run(&["server", "init"]).succeeds();
    let standby = Instance::standby_of(&server);
    let project = to(&standby.url("boss", "names"));
    fails(
        &project,
        1,
        "takes no changes: it is a standby; name the primary",
    );
}

#[test]
fn no_tables_or_newer_ones() {
    let Some(server) = shared() else { return };
    server.sql("postgres", "CREATE DATABASE requests_tables");
    let project = to(&server.url("boss", "requests_tables"));
    fails(&project, 1, "run `name-manager server init`");
    project.run("ci-1", &["server", "init"]).succeeds();
    is_served(&project);
    let version = |version| {
        let newer = format!("UPDATE name_manager.format SET tables = {version}");
        server.sql("requests_tables", &newer);
    };
    version(2);
    // Of another machine: the agent of the first has seen that it can use them.
    let other = to(&server.url("boss", "requests_tables"));
    let says = "the tables have version 2, this program knows up to 1; install a newer one";
    fails(&other, 1, says);
    version(1);
    is_served(&other);
}

#[test]
fn no_rights() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "requests_rights");
    let grants = door.run(&["server", "init"]).succeeds().out;
    server.sql("postgres", "CREATE ROLE unentitled LOGIN");
    let project = to(&server.url("unentitled", "requests_rights"));
    fails(
        &project,
        1,
        "lacks rights (the schema: USAGE); let the tables' owner run `GRANT USAGE ON SCHEMA name_manager TO unentitled; GRANT SELECT",
    );
    let grants = grants.replace("TO ci;", "TO unentitled;");
    server.sql("requests_rights", &grants);
    let revoke = "REVOKE UPDATE ON name_manager.pool FROM unentitled";
    server.sql("requests_rights", revoke);
    fails(&project, 1, "lacks rights (pool: UPDATE)");
    server.sql("requests_rights", &grants);
    is_served(&project);
}

#[test]
fn too_many_connections() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "requests_full");
    let grants = door.run(&["server", "init"]).succeeds().out;
    server.sql("postgres", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    server.sql("requests_full", &grants.replace("TO ci;", "TO crowded;"));
    let project = briefly(&server.url("crowded", "requests_full"));
    let says = "requests_full as crowded has no connection left; ";
    fails(&project, 124, says);
    // A machine takes two.
    server.sql("postgres", "ALTER ROLE crowded CONNECTION LIMIT 1");
    fails(&project, 124, says);
    server.sql("postgres", "ALTER ROLE crowded CONNECTION LIMIT 2");
    is_served(&project);
}

#[test]
fn a_document_that_was_changed_by_hand() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "requests_by_hand", POOLS);
    is_served(&project);
    let sql = |statement: &str| server.sql("requests_by_hand", statement);
    sql("CREATE TABLE was AS SELECT doc FROM name_manager.pool");
    let tag = "tag = md5(random()::text)::uuid";
    for (change, why) in [
        ("'{}'", "missing field `v`"),
        ("doc::jsonb || '{\"names\": 7}'", "invalid type"),
        (
            "doc::jsonb || '{\"surprise\": true}'",
            "unknown field `surprise`",
        ),
    ] {
        sql(&format!(
            "UPDATE name_manager.pool SET {tag}, doc = {change}"
        ));
        let says = "pool `gcp` is not as it was written (";
        fails(&project, 1, says);
        fails(&project, 1, why);
        fails(&project, 1, "let them change it back, or delete its row");
        sql(&format!(
            "UPDATE name_manager.pool SET {tag}, doc = was.doc FROM was"
        ));
        is_served(&project);
    }
}

#[test]
fn two_projects_that_say_the_same_space() {
    let Some(server) = shared() else { return };
    let first = Project::new(server, "requests_spaces", POOLS);
    let url = server.url("boss", "requests_spaces");
    let others = POOLS.replace("\"shop-1\"", "\"shop-2\"");
    let other = Project::to(Door::to(&url), &others);
    let mut holder = first.hold("ci-2", "shop-0");
    for says in [
        r#"pool `gcp` has `names = ["shop-0", "shop-2"]` here"#,
        r#"`names = ["shop-0", "shop-1"]` where it is used now"#,
        "[pools.gcp] in name-manager.toml (ci-2)",
        "give them a `space`",
    ] {
        fails(&other, 2, says);
    }
    // Those who say the same share it.
    let same = Project::to(Door::to(&url), POOLS);
    let said = same.run("ci-3", &["try-hold", "gcp", "--name", "shop-0"]);
    said.fails(75, "in use");
    holder.end_input();
    assert_eq!(holder.code(), 0);
    is_served(&other);
}

#[test]
fn no_agent_is_installed() {
    let Some(server) = shared() else { return };
    let project = Project::new(server, "requests_agent", POOLS);
    let home = project.path("home");
    let mut command = project.on("ci-1", &WANTS);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &home)
        .env_remove("CARGO_HOME")
        .env_remove("NAME_MANAGER_PROGRAM");
    let said = Said::of(command.output().unwrap());
    let says = "found no program `name-manager`";
    was_told(&project, &said, 2, says);
    was_told(
        &project,
        &said,
        2,
        "install it (cargo install nm-cli), or set NAME_MANAGER_PROGRAM",
    );
    // As `cargo install` does.
    let installed = home.join(".cargo/bin");
    fs::create_dir_all(&installed).unwrap();
    let program = env!("CARGO_BIN_EXE_name-manager");
    std::os::unix::fs::symlink(program, installed.join("name-manager")).unwrap();
    Said::of(command.output().unwrap()).succeeds();
    assert!(project.path("ran").exists());
}
