//! Views of a run that shared its pool with another run.

use std::fs;

use serde_json::{Value, json};

use crate::journal::{Journal, SECOND, START};
use crate::lab::{Lab, Running};

/// Somebody of another run who held the only name while a test of the last run waited.
fn waited_for_another_run(lab: &Lab) {
    let holder = hold(lab, "db");
    let waiter = lab.wait("true");
    assert_eq!(holder.code(), 0);
    assert_eq!(waiter.code(), 0);
}

/// Somebody of the run `other` who holds a name, until let go.
fn hold(lab: &Lab, pool: &str) -> Running {
    let mut command = lab.cli(&["hold", pool]);
    let mut holder = Running::new(command.env("NAME_MANAGER_RUN_ID", "other"));
    holder.line();
    holder
}

#[test]
fn the_timeline_shows_leases_of_another_run_greyed_and_with_their_run() {
    let lab = Lab::new();
    waited_for_another_run(&lab);
    let timeline = lab.json(&["timeline"]);
    let tests = |list: &str| {
        let leases = timeline[list].as_array().unwrap().iter();
        leases
            .map(|lease| lease["test"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(tests("leases"), ["true"]);
    assert_eq!(tests("others"), ["name-manager hold db"]);
    let other = timeline["others"][0]["run"].as_str().unwrap();
    assert_eq!(other, "other");

    let out = lab.run(&["timeline"]).out;
    let mut lines = out.lines();
    let lane = lines.find(|line| line.starts_with("db-0")).unwrap();
    assert!(lane.contains('╱') && lane.contains('a'), "{out}");
    assert!(out.contains(&format!("╱ run {other} (1 lease)")), "{out}");

    for file in ["run.svg", "run.html", "run.json"] {
        assert_eq!(lab.run(&["timeline", "-o", file]).code, 0);
        let text = fs::read_to_string(lab.path().join(file)).unwrap();
        let named = ["of run other", "\"run\":\"other\""];
        assert!(
            named.iter().any(|named| text.contains(named)),
            "{file} {text}"
        );
        assert!(
            text.contains("class=\"other\"") || text.contains("\"cat\":\"other run\""),
            "{file}"
        );
    }
}

#[test]
fn a_lease_of_another_run_that_goes_on_is_shown_to_the_end() {
    let lab = Lab::new();
    let run = |lab: &Lab| {
        let mut command = lab.cli(&["run", "db", "--name", "db-1", "--", "true"]);
        command
            .env("NAME_MANAGER_POOL_DB_MAX", "2")
            .status()
            .unwrap()
    };
    let holder = hold(&lab, "db");
    assert!(run(&lab).success());
    let timeline = lab.json(&["timeline"]);
    assert_eq!(timeline["leases"][0]["name"], "db-1");
    let other = &timeline["others"][0];
    assert_eq!(
        (&other["name"], &other["ending"]),
        (&"db-0".into(), &"open".into())
    );
    assert!(
        other["end"].as_u64() >= timeline["end"].as_u64(),
        "{timeline}"
    );

    // Nobody has seen how it ended: it is shown no longer than it was seen alive.
    holder.kill();
    assert!(run(&lab).success());
    let last = &lab.json(&["timeline"]);
    assert_eq!(last["leases"][0]["name"], "db-1");
    assert_eq!(last["others"], json!([]));
}

#[test]
fn a_pool_that_only_the_other_run_used_is_not_of_this_run() {
    let lab = Lab::new();
    let _other = hold(&lab, "elsewhere");
    lab.run(&["run", "db", "--", "true"]);
    for view in ["timeline", "stats"] {
        let json = lab.json(&[view]).to_string();
        assert!(!json.contains("elsewhere"), "{json}");
    }
}

/// Each run has two tests of ten seconds; they take turns on one name.
fn two_runs_in_turns(lab: &Lab) {
    let mut journal = Journal::new();
    journal.of_run("run-1").lease("a1", "db-0", 0, 0, 10);
    journal.of_run("run-2").lease("b1", "db-0", 1, 10, 20);
    journal.of_run("run-1").lease("a2", "db-0", 2, 20, 30);
    journal.of_run("run-2").lease("b2", "db-0", 3, 30, 40);
    journal.in_order().write(lab);
}

#[test]
fn a_name_is_in_use_for_no_longer_than_the_run_used_its_pool() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.of_run("run-1").lease("a", "db-0", 0, 0, 10);
    journal.of_run("run-2").lease("b", "db-0", 5, 10, 40);
    journal.in_order().write(&lab);
    // That other tests of the run go on says nothing of this pool.
    let mut other = Journal::of_pool("aws");
    other.lease("c", "aws-0", 0, 0, 40);
    other.write(&lab);
    let stats = lab.json(&["stats", "--run", "run-1"]);
    let mut pools = stats["pools"].as_array().unwrap().iter();
    let db = pools.find(|pool| pool["pool"] == "db").unwrap();
    assert_eq!(db["makespan"], 10 * SECOND);
    assert_eq!(db["names"][0]["held_by_others"], 30 * SECOND);
    assert_eq!(db["names"][0]["use"], 1.0);
}

#[test]
fn other_runs_count_in_use_and_waits_and_are_replayed_along() {
    let lab = Lab::new();
    two_runs_in_turns(&lab);
    let stats = lab.json(&["stats", "--run", "run-1"]);
    assert_eq!(stats["others"], json!(["run-2"]));
    let pool = &stats["pools"][0];
    assert_eq!(
        (&pool["requests"], &pool["makespan"]),
        (&json!(2), &json!(30 * SECOND))
    );
    let name = &pool["names"][0];
    assert_eq!(
        ["leases", "held", "held_by_others"].map(|key| name[key].as_u64().unwrap()),
        [2, 20 * SECOND, 10 * SECOND]
    );
    assert_eq!(name["use"], 1.0);
    assert_eq!(pool["waits"]["sum"], 18 * SECOND);
    assert_eq!(pool["waits"]["beside_others"], 10 * SECOND);

    let sizes = pool["what_if"]["sizes"].as_array().unwrap().iter();
    let sizes =
        sizes.map(|size| ["max", "makespan", "waits"].map(|key| size[key].as_u64().unwrap()));
    let seconds = |max, makespan, waits| [max, makespan * SECOND, waits * SECOND];
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [seconds(1, 30, 18), seconds(2, 20, 8), seconds(3, 12, 0)]
    );
    let text = lab.run(&["stats", "--run", "run-1"]).out;
    for part in [
        "beside run run-2, with names of the same pools",
        "BY OTHER RUNS",
        "10.0 s of that while other runs held names",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_real_run_that_waited_for_another_says_so() {
    let lab = Lab::new();
    waited_for_another_run(&lab);
    let pool = &lab.json(&["stats"])["pools"][0];
    assert_eq!(pool["requests"], 1);
    assert!(
        pool["names"][0]["held_by_others"].as_u64().unwrap() > 0,
        "{pool}"
    );
    assert!(
        pool["waits"]["beside_others"].as_u64().unwrap() > 0,
        "{pool}"
    );
    let recorded = &pool["what_if"]["sizes"][0];
    assert!(recorded["waits"].as_u64().unwrap() > 0, "{pool}");
}

#[test]
fn a_request_that_was_given_up_waits_in_the_replay_too() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("holds", "db-0", 0, 0, 10);
    let at = |second: u64, kind: &str| json!({"time": START + second * SECOND, "kind": kind, "detail": "a name", "access": "exclusive", "waited": 5 * SECOND});
    journal.event("gives_up", "7-100", at(1, "waiting"));
    journal.event("gives_up", "7-100", at(6, "timeout"));
    journal.write(&lab);
    let pool = &lab.json(&["stats"])["pools"][0];
    assert_eq!(pool["waits"]["sum"], 5 * SECOND);
    let sizes = &pool["what_if"]["sizes"];
    assert_eq!(sizes[0]["waits"], 5 * SECOND, "{pool}");
    // With a name of its own it would have had the median body.
    assert_eq!(
        (&sizes[1]["waits"], &sizes[1]["makespan"]),
        (&json!(0), &json!(11 * SECOND))
    );
}

#[test]
fn the_reaper_is_no_user() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("a", "db-0", 0, 0, 10);
    let reaper = |at: u64, kind: &str, phase: Option<&str>| {
        let holder = json!({"test": "cleanup after run-1", "pid": 6, "token": "6-0", "run": "run-1", "file": "", "line": 0, "since": 0});
        let time = START + at * SECOND;
        json!({"v": 1, "time": time, "kind": kind, "pool": "db", "name": "db-0", "id": "6-1", "holder": holder, "phase": phase, "fence": 2, "waited": 3 * SECOND, "access": "exclusive", "state": "clean"}).to_string()
    };
    journal.line(&reaper(13, "acquired", None));
    journal.line(&reaper(13, "cleanup", Some("started")));
    journal.line(&reaper(20, "cleanup", Some("done")));
    journal.line(&reaper(20, "released", None));
    journal.write(&lab);
    let pool = &lab.json(&["stats"])["pools"][0];
    assert_eq!(
        (&pool["requests"], &pool["makespan"]),
        (&json!(1), &json!(10 * SECOND))
    );
    assert_eq!(
        (&pool["names"][0]["leases"], &pool["waits"]["count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(pool["hooks"]["cleanup"]["count"], 1);
    let sizes = pool["what_if"]["sizes"].as_array().unwrap();
    assert_eq!(
        (sizes.len(), &sizes[0]["makespan"]),
        (1, &json!(10 * SECOND))
    );
}

#[test]
fn what_an_allocator_lends_has_no_size_to_replay() {
    let lab = Lab::new();
    two_runs_in_turns(&lab);
    let code = json!({"v": 1, "resource": null, "allocator": {"crate": "ports", "place": "src/ports.rs:7"}});
    fs::write(lab.pool("db").join("code.json"), code.to_string()).unwrap();
    let pool = &lab.json(&["stats"])["pools"][0];
    assert_eq!(
        (&pool["what_if"], &pool["allocator"]),
        (&Value::Null, &json!("src/ports.rs:7"))
    );
    let text = lab.run(&["stats"]).out;
    assert!(
        text.contains("its allocator (src/ports.rs:7) decides what is lent"),
        "{text}"
    );
    assert!(
        !text.contains("right size") && !text.contains("IF MAX"),
        "{text}"
    );
}

#[test]
fn one_of_something_is_singular() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let text = lab.run(&["stats"]).out;
    assert!(text.contains("db: 1 request in "), "{text}");
}
