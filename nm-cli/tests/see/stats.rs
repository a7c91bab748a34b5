use serde_json::{Value, json};

use crate::journal::{Journal, SECOND, START};
use crate::lab::Lab;

/// Four tests at once over one name, ten seconds each.
fn four_over_one(lab: &Lab) {
    let mut journal = Journal::new();
    for at in 0..4 {
        let test = format!("app::test_{at}");
        journal.lease(&test, "db-0", 0, at * 10, (at + 1) * 10);
    }
    journal.write(lab);
}

#[test]
fn use_and_waits_are_summed_up() {
    let lab = Lab::new();
    four_over_one(&lab);
    let pool = &lab.json(&["stats"])["pools"][0];
    assert_eq!(pool["requests"], 4);
    assert_eq!(pool["makespan"], 40 * SECOND);
    assert_eq!(pool["names"][0]["leases"], 4);
    assert_eq!(pool["names"][0]["use"], 1.0);
    let waits = &pool["waits"];
    assert_eq!(waits["count"], 3);
    assert_eq!(waits["sum"], 60 * SECOND);
    assert_eq!(waits["longest"], 30 * SECOND);
    assert_eq!(waits["longest_test"], "app::test_3");
    let median = waits["median"].as_u64().unwrap();
    assert!(median.abs_diff(20 * SECOND) <= SECOND / 5, "{median}");
    assert_eq!(waits["by_test"][0]["test"], "app::test_3");
}

/// An event of the reaper of another run.
fn reaper(at: u64, kind: &str, name: Option<&str>, phase: &str) -> String {
    let holder = json!({"test": "cleanup after run-0", "pid": 6, "token": "6-0", "run": "run-0", "file": "", "line": 0, "since": 0});
    let time = START + at * SECOND;
    json!({"v": 1, "time": time, "kind": kind, "pool": "db", "name": name, "id": "", "holder": holder, "phase": phase}).to_string()
}

#[test]
fn waits_during_the_cleanup_after_another_run_are_told_apart() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    // The wait lasts from 6 to 20: 4 s beside a cleanup, 5 s beside the teardown.
    journal.line(&reaper(0, "cleanup", Some("db-0"), "started"));
    journal.line(&reaper(0, "cleanup", Some("db-1"), "started"));
    journal.line(&reaper(5, "cleanup", Some("db-1"), "done"));
    let waiting = |at: u64| json!({"time": START + at * SECOND, "kind": "waiting", "detail": "a name", "access": "exclusive"});
    journal.event("app::a", "7-1", waiting(6));
    journal.line(&reaper(10, "cleanup", Some("db-0"), "done"));
    journal.line(&reaper(12, "teardown", None, "started"));
    journal.line(&reaper(17, "teardown", None, "done"));
    journal.event("app::a", "7-1", json!({"time": START + 20 * SECOND, "kind": "acquired", "name": "db-0", "fence": 1, "waited": 14 * SECOND, "access": "exclusive"}));
    journal.write(&lab);
    for run in ["last", "all"] {
        let waits = &lab.json(&["stats", "--run", run])["pools"][0]["waits"];
        assert_eq!(waits["sum"], 14 * SECOND);
        assert_eq!(waits["in_cleanup"], 9 * SECOND, "{run}");
    }
    let text = lab.run(&["stats"]).out;
    let told = "9.00 s of that while another run was cleaned up after";
    assert!(text.contains(told), "{text}");
}

#[test]
fn a_replay_says_what_other_sizes_would_have_done() {
    let lab = Lab::new();
    four_over_one(&lab);
    let what_if = &lab.json(&["stats"])["pools"][0]["what_if"];
    let sizes: Vec<_> = what_if["sizes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|size| ["max", "makespan", "waits"].map(|key| size[key].as_u64().unwrap()))
        .collect();
    let seconds = |max, makespan, waits| [max, makespan * SECOND, waits * SECOND];
    assert_eq!(
        sizes,
        [
            seconds(1, 40, 60),
            seconds(2, 20, 20),
            seconds(3, 20, 10),
            seconds(4, 10, 0)
        ]
    );
    assert_eq!(
        (&what_if["recorded"], &what_if["enough"]),
        (&Value::from(1), &Value::from(4))
    );
    let text = lab.run(&["stats"]).out;
    let advice = "with max = 2 this run would have taken 20.0 s instead of 40.0 s; more than 4 would not help";
    assert!(text.contains(advice), "{text}");
}

#[test]
fn tests_that_came_one_after_the_other_do_so_in_the_replay() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    // Two threads: more names than two can gain nothing.
    for at in 0..4 {
        journal.lease(&format!("left_{at}"), "db-0", at * 10, at * 10, at * 10 + 9);
        journal.lease(
            &format!("right_{at}"),
            "db-1",
            at * 10,
            at * 10,
            at * 10 + 9,
        );
    }
    journal.write(&lab);
    let what_if = &lab.json(&["stats"])["pools"][0]["what_if"];
    let sizes = what_if["sizes"].as_array().unwrap();
    assert_eq!(sizes.last().unwrap()["max"], 2);
    assert_eq!(sizes[1]["makespan"], 39 * SECOND);
    // Over one name they take turns.
    assert!(sizes[0]["makespan"].as_u64().unwrap() >= 72 * SECOND);
}

#[test]
fn a_run_that_never_was_is_an_error_and_nothing_at_all_is_none() {
    let lab = Lab::new();
    let said = lab.run(&["stats"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "nothing has happened here yet\n")
    );
    four_over_one(&lab);
    for view in ["stats", "timeline"] {
        let said = lab.run(&[view, "--run", "run-9"]);
        assert_eq!(said.code, 69, "{said:?}");
        assert!(said.err.contains("the last run is `run-1`"), "{said:?}");
    }
    assert_eq!(
        lab.json(&["stats", "--run", "all"])["pools"][0]["requests"],
        4
    );
}
