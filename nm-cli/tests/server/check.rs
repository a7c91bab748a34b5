//! What is said of a server.

use serde_json::Value;

use crate::door::Door;
use crate::instance::{Instance, shared};

fn findings(door: &Door) -> Vec<(String, String, String)> {
    let said = door.run(&["server", "check", "--json"]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(value["version"], 1);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = value["findings"].as_array().unwrap().iter();
    all.map(|it| (text(it, "topic"), text(it, "level"), text(it, "text")))
        .collect()
}

#[track_caller]
fn has(found: &[(String, String, String)], topic: &str, level: &str, says: &str) {
    let is_it = |it: &&(String, String, String)| it.0 == topic && it.2.contains(says);
    let it = found.iter().find(is_it);
    let it = it.unwrap_or_else(|| panic!("no `{topic}` with `{says}`: {found:#?}"));
    assert_eq!(it.1, level, "{it:?}");
}

#[test]
fn a_server_is_described_line_by_line() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "described");
    door.run(&["server", "init"]).succeeds();
    let found = findings(&door);
    let shown = format!("127.0.0.1:{}/described as boss answers", server.port);
    has(&found, "server", "ok", &shown);
    has(&found, "version", "ok", "PostgreSQL ");
    has(&found, "encryption", "ok", "stays on this machine");
    has(&found, "role", "ok", "primary");
    has(&found, "tables", "ok", "silent for 30s");
    has(&found, "durability", "ok", "is on the server's disk");
    has(&found, "connections", "ok", " of 97 are in use");
    has(&found, "names", "ok", "are lent");
    has(&found, "machine", "note", "none uses pools");
    has(&found, "pool", "note", "none has been used");
    // Machines, as their agents write them.
    let id = "00000000-0000-0000-0000-00000000000";
    server.sql(
        "described",
        &format!(
            "INSERT INTO name_manager.session (id, beat, dead, seen, who) VALUES \
             ('{id}1', 7, false, clock_timestamp(), '{{\"host\": \"ci-1\"}}'), \
             ('{id}2', 7, false, clock_timestamp() - interval '1 hour', '{{\"host\": \"ci-2\"}}'), \
             ('{id}3', 7, true, clock_timestamp(), '{{\"host\": \"ci-3\"}}')"
        ),
    );
    server.sql("described", "ALTER ROLE boss CONNECTION LIMIT 9");
    let found = findings(&door);
    has(&found, "machine", "ok", "`ci-1` was heard of ");
    has(&found, "machine", "note", "has them 30s later");
    has(&found, "machine", "note", "knows 1 agent as declared dead");
    has(&found, "connections", "ok", "at most 9 at once");
    server.sql("described", "ALTER ROLE boss CONNECTION LIMIT -1");
}

#[test]
fn a_pool_that_somebody_changed_by_hand_is_a_problem() {
    let Some(server) = shared() else { return };
    let door = Door::to_new(server, "by_hand");
    door.run(&["server", "init"]).succeeds();
    server.sql(
        "by_hand",
        "INSERT INTO name_manager.pool VALUES ('acme/shop', 'gcp', \
         '00000000-0000-0000-0000-000000000001', '{}', '[]', '{}')",
    );
    let said = door.run(&["server", "check"]);
    assert_eq!(said.code, 1, "{said:?}");
    has(
        &findings(&door),
        "pool",
        "problem",
        "pool `gcp` is not as it was written",
    );
}

#[test]
fn a_server_that_has_started_anew_or_has_others_behind_it_says_so() {
    let Some(mut server) = Instance::start() else {
        return;
    };
    let door = Door::to_new(&server, "anew");
    door.run(&["server", "init"]).succeeds();
    server.stop();
    server.go();
    let standby = Instance::standby_of(&server);
    while server.sql("postgres", "SELECT count(*) FROM pg_stat_replication") != "1" {}
    let found = findings(&door);
    has(&found, "names", "note", "the server has started anew");
    has(&found, "durability", "note", "1 server may follow later");
    let door = Door::to(&standby.url("boss", "anew"));
    let found = findings(&door);
    has(&found, "role", "problem", "it is a standby");
    let said = door.run(&["server", "check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for command in ["init", "upgrade"] {
        let said = door.run(&["server", command]);
        said.fails(1, "it is a standby; name the primary");
    }
}
