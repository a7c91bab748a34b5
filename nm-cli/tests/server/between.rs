//! A pooler in transaction mode between machines and their server.

use crate::door::Door;
use crate::instance::shared;
use crate::machines::{POOLS, Project};
use crate::pooler::Pooler;

#[test]
fn machines_share_a_pool_through_a_pooler_which_check_notices() {
    let Some(server) = shared() else { return };
    let Some(pooler) = Pooler::before(server.port) else {
        return;
    };
    server.sql("postgres", "CREATE DATABASE pooled");
    let door = Door::to(&format!("postgres://boss@127.0.0.1:{}/pooled", pooler.port));
    let project = Project::at(door, POOLS);
    let said = project.run("ci-1", &["server", "check"]).succeeds();
    let between = format!(
        "port {} was asked, and a process on port {}",
        pooler.port, server.port
    );
    assert!(said.out.contains(&between), "{said:?}");
    let mut first = project.hold("ci-1", "shop-0");
    project
        .run("ci-2", &["try-hold", "gcp", "--name", "shop-0"])
        .fails(75, "in use");
    let status = project.status("ci-2");
    assert_eq!(
        status["names"][0]["holders"][0]["host"], "ci-1",
        "{status:#}"
    );
    first.end_input();
    assert_eq!(first.code(), 0);
    let wants = ["run", "gcp", "--name", "shop-0", "--", "true"];
    project.run("ci-2", &wants).succeeds();
    let released = |event: &serde_json::Value| event["kind"] == "released";
    let hosts: Vec<_> = project
        .events("ci-1")
        .into_iter()
        .filter(released)
        .collect();
    let hosts: Vec<_> = hosts.iter().map(|event| &event["host"]).collect();
    assert_eq!(hosts, ["ci-1", "ci-2"]);
}
