use std::fs;

use serde_json::Value;

use crate::journal::{Journal, SECOND, START};
use crate::lab::Lab;

fn kinds(out: &str) -> Vec<String> {
    let events = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_really_happened_is_listed_in_columns() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let mut other = lab.cli(&["run", "other", "--", "true"]);
    let other = other.env("NAME_MANAGER_RUN_ID", "another");
    assert!(other.status().unwrap().success());
    let said = lab.run(&["log"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let header = said.out.lines().next().unwrap();
    let column = header.find("EVENT").unwrap();
    let rows = said.out.lines().filter(|line| line.contains("true"));
    let events: Vec<_> = rows
        .filter_map(|line| line[column..].split_whitespace().next())
        .collect();
    assert_eq!(events, ["acquired", "released", "acquired", "released"]);

    let json = lab.run(&["log", "--json", "--pool", "other"]).out;
    assert_eq!(kinds(&json), ["acquired", "released"]);
    let json = lab
        .run(&["log", "--json", "--run", "last", "--kind", "released"])
        .out;
    assert_eq!(kinds(&json), ["released"]);
    assert!(json.contains("\"version\":1") && json.contains("\"pool\":\"other\""));
}

#[test]
fn events_are_chosen_by_name_kind_run_and_test() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("app::users::lists", "db-0", 0, 0, 5);
    journal.lease("app::users::adds", "db-1", 0, 2, 3);
    journal.write(&lab);
    for name in ["db-0", "db-1"] {
        fs::write(lab.pool("db").join(format!("names/{name}.json")), "").unwrap();
    }
    let chosen = |args: &[&str]| kinds(&lab.run(&[&["log", "--json"], args].concat()).out);
    assert_eq!(chosen(&["--name", "db-1"]), ["acquired", "released"]);
    assert_eq!(
        chosen(&["--kind", "waiting,released"]),
        ["released", "waiting", "released"]
    );
    assert_eq!(chosen(&["--test", "*::adds"]).len(), 3);
    assert_eq!(chosen(&["--test", "adds"]).len(), 3);
    assert_eq!(chosen(&["--test", "dds"]).len(), 0);
    assert_eq!(chosen(&["--run", "run-1"]).len(), 5);

    for (args, code, text) in [
        (["--name", "db-7"], 69, "name `db-7` was never lent"),
        (["--run", "run-2"], 69, "the last run is `run-1`"),
        (["--pool", "cache"], 69, "no pool `cache`"),
        (["--kind", "lent"], 2, "acquired"),
        (["--test", "a[b"], 2, "invalid pattern in `--test a[b`"),
    ] {
        let said = lab.run(&[&["log"], args.as_slice()].concat());
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(text), "{said:?}");
    }
}

#[test]
fn follow_goes_on_with_what_happens_also_in_pools_that_are_new_and_journals_put_aside() {
    let lab = Lab::new();
    let mut log = lab.start(&["log", "--follow", "--json"]);
    lab.run(&["run", "db", "--", "true"]);
    assert_eq!(log.json()["kind"], "acquired");
    assert_eq!(log.json()["kind"], "released");
    let journal = lab.pool("db").join("journal.jsonl");
    fs::rename(&journal, lab.pool("db").join("journal.old.jsonl")).unwrap();
    lab.run(&["run", "db", "--", "false"]);
    assert_eq!(log.json()["test"], "false");
    lab.run(&["run", "later", "--", "true"]);
    log.until("\"later\"");
}

#[test]
fn short_is_four_columns() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("app::lists", "db-0", 0, 61, 62);
    journal.write(&lab);
    let out = lab.run(&["log", "--short"]).out;
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "TIME          EVENT     NAME  TEST",
            "2026-11-21  run run-1",
            "12:00:00.000  waiting         app::lists",
            "12:01:01.000  acquired  db-0  app::lists",
            "12:01:02.000  released  db-0  app::lists",
        ]
    );
    let out = lab.run(&["log"]).out;
    assert!(out.contains("after 1m 01s"), "{out}");
    assert!(out.contains("tests/a.rs:3"), "{out}");
}

#[test]
fn the_old_journal_comes_before_the_new() {
    let lab = Lab::new();
    let mut old = Journal::new();
    old.lease("old", "db-0", 0, 0, 1);
    old.write_as(&lab, "journal.old.jsonl");
    let mut new = Journal::new();
    new.lease("new", "db-0", 2, 2, 3);
    new.write(&lab);
    let out = lab.run(&["log", "--short"]).out;
    assert!(out.find("old") < out.find("new"), "{out}");
    assert_eq!(out.matches("db-0").count(), 4);
}

/// One event of a run, at this second.
fn event(run: &str, pool: &str, kind: &str, second: u64) -> String {
    let time = START + second * SECOND;
    format!(
        "{{\"v\":1,\"pool\":\"{pool}\",\"id\":\"7-{second}\",\"time\":{time},\"kind\":\"{kind}\",\"name\":\"{pool}-0\",\"fence\":1,\"access\":\"exclusive\",\"holder\":{{\"test\":\"of {run}\",\"pid\":7,\"token\":\"7-0\",\"run\":\"{run}\",\"file\":\"\",\"line\":0,\"since\":0}}}}\n"
    )
}

#[test]
fn the_last_run_is_the_last_whatever_the_clock_said() {
    let lab = Lab::new();
    let write = |pool: &str, events: &[String]| {
        fs::create_dir_all(lab.pool(pool).join("names")).unwrap();
        fs::write(lab.pool(pool).join("journal.jsonl"), events.concat()).unwrap();
    };
    let last = || {
        for view in ["stats", "timeline"] {
            lab.run(&[view]);
        }
        let log = lab.run(&["log", "--run", "last", "--short"]).out;
        let run = log.lines().find_map(|line| line.split_once("run "));
        run.unwrap_or_else(|| panic!("{log}")).1.to_owned()
    };
    // The clock was set back by an hour.
    let old = event("old", "db", "acquired", 3600);
    write("db", &[old.clone(), event("new", "db", "acquired", 1)]);
    assert_eq!(last(), "new");
    // The other pool was used by the old run alone.
    write("web", &[event("old", "web", "acquired", 3601)]);
    assert_eq!(last(), "new");
    // Of two that have nothing in common, by the clock.
    write("web", &[event("other", "web", "acquired", 2)]);
    assert_eq!(last(), "other");
    // What was cleaned up after a run comes late.
    fs::remove_dir_all(lab.pool("web")).unwrap();
    let late = event("old", "db", "cleanup", 5);
    write(
        "db",
        &[old.clone(), event("new", "db", "acquired", 1), late.clone()],
    );
    assert_eq!(last(), "new");
    write("db", &[late]);
    assert_eq!(last(), "old");
}
