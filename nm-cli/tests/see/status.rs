use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::lab::{Lab, Running, Said};
use crate::patience::until;

#[test]
fn holders_and_waiters_are_shown_in_order_and_not_disturbed() {
    let lab = Lab::new();
    let holder = lab.hold();
    let first = lab.wait("true");
    let second = lab.wait("true");

    let pool = &lab.json(&["status", "db"])["pools"][0];
    assert_eq!(
        (&pool["pool"], &pool["capacity"]),
        (&"db".into(), &1.into())
    );
    let name = &pool["names"][0];
    assert_eq!(
        (&name["name"], &name["held"]),
        (&"db-0".into(), &true.into())
    );
    let by = &name["holders"][0];
    assert_eq!(by["pid"], holder.child.id());
    assert_eq!(by["access"], "exclusive");
    let waiters = pool["waiters"].as_array().unwrap();
    let pids: Vec<_> = waiters
        .iter()
        .map(|waiter| waiter["pid"].as_u64())
        .collect();
    let expected = [&first, &second].map(|waiter| Some(u64::from(waiter.child.id())));
    assert_eq!(pids, expected);
    assert_eq!(waiters[0]["wants"], "a name");
    assert_eq!(waiters[1]["test"], "true");

    let text = lab.run(&["status"]).out;
    assert!(text.contains("db: 1 of 1 names held, 2 waiting"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let rows = ["db-0  held", "#1", "#2"];
    let at = rows.map(|row| text.find(row).unwrap_or_else(|| panic!("{row} in {text}")));
    assert!(at.is_sorted(), "{text}");

    for _ in 0..20 {
        lab.run(&["status"]);
    }
    assert_eq!(holder.code(), 0);
    assert_eq!((first.code(), second.code()), (0, 0));
    let pool = &lab.json(&["status"])["pools"][0];
    assert_eq!(pool["names"][0]["held"], false);
    assert_eq!(pool["waiters"], Value::Array(Vec::new()));
}

#[test]
fn a_killed_holder_leaves_a_dirty_name_and_a_killed_waiter_nothing() {
    let lab = Lab::new();
    let holder = lab.hold();
    let waiter = lab.wait("true");
    waiter.kill();
    let pool = &lab.json(&["status"])["pools"][0];
    assert_eq!(pool["waiters"], Value::Array(Vec::new()));
    holder.kill();
    let name = &lab.json(&["status"])["pools"][0]["names"][0];
    assert_eq!(name["held"], false);
    assert_eq!(name["holder_died"], true);
    let text = lab.run(&["status"]).out;
    assert!(text.contains("ended while it held it"), "{text}");
}

#[test]
fn names_never_lent_are_shown_where_the_size_is_known() {
    let lab = Lab::new();
    let mut cli = lab.cli(&["run", "db", "--", "name-manager", "status", "--json"]);
    let output = cli.env("NAME_MANAGER_POOL_DB_MAX", "11").output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = status["pools"][0]["names"].as_array().unwrap();
    let held: Vec<_> = names.iter().map(|name| name["held"] == true).collect();
    assert_eq!(held, [[true].as_slice(), &[false; 10]].concat());
    // As people count.
    assert_eq!(names[10]["name"], "db-10");
}

#[test]
fn an_unknown_pool_is_named_with_those_that_are_known() {
    let lab = Lab::new();
    let said = lab.run(&["status", "dbb"]);
    assert_eq!(said.code, 69);
    assert!(said.err.contains("there is none yet"), "{said:?}");
    lab.run(&["run", "db", "--", "true"]);
    let said = lab.run(&["status", "dbb"]);
    assert_eq!((said.code, said.out.as_str()), (69, ""));
    assert!(said.err.contains("no pool `dbb`"), "{said:?}");
    assert!(said.err.contains("known: `db`"), "{said:?}");
}

#[test]
fn no_pool_can_have_capitals_and_every_command_says_what_to_write() {
    let lab = Lab::new();
    let run: &[&str] = &["run", "Db", "--", "true"];
    for args in [
        run,
        &["status", "Db"],
        &["log", "--pool", "Db"],
        &["reset", "Db"],
    ] {
        let said = lab.run(args);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("write `db`"), "{said:?}");
    }
}

#[test]
fn what_is_being_cleaned_up_after_a_run_is_shown_and_what_waits_for_that() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let record = lab.pool("db").join("names/db-0.json");
    let mut life: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    life["life"] = json!({"done": true, "fingerprint": null, "runs": ["run-1"], "doing": null, "failures": {"run": "", "count": 0, "first": ""}});
    fs::write(&record, life.to_string()).unwrap();
    let pool = || lab.json(&["status"])["pools"][0].clone();
    let reaper = lab.locked("runs/run-1.reaper");
    assert_eq!(pool()["cleaning"], json!([]), "it stands by");
    let over = lab.locked("runs/run-1.alive");
    assert_eq!(pool()["cleaning"], json!(["run-1"]));
    assert_eq!(pool()["names"][0]["awaits_cleanup"], "run-1");
    let text = lab.run(&["status"]).out;
    for told in ["; cleaning up after run-1", "awaits cleanup after run-1"] {
        assert!(text.contains(told), "{text}");
    }
    drop((reaper, over));
    assert_eq!(pool()["names"][0]["awaits_cleanup"], Value::Null);

    let holder = json!({"test": "cleanup after run-1", "pid": 7, "pid_namespace": null, "token": "7-0", "run": "run-1", "file": "", "line": 0, "since": 0});
    let hook = json!({"kind": "teardown", "since": 1, "holder": holder});
    let life = json!({"v": 1, "done": true, "runs": [], "failures": {"run": "", "count": 0, "first": ""}, "reaped": [], "hook": hook});
    fs::write(lab.pool("db").join("life.json"), life.to_string()).unwrap();
    assert_eq!(pool()["hook"], Value::Null, "its process died");
    let _life = lab.locked("life.lock");
    assert_eq!(pool()["hook"]["hook"], "teardown");
    assert_eq!(pool()["hook"]["test"], "cleanup after run-1");
    let text = lab.run(&["status"]).out;
    assert!(text.contains("; in teardown for "), "{text}");
}

#[test]
fn watch_tells_a_pipe_of_every_change() {
    let lab = Lab::new();
    let mut watch = lab.start(&["status", "--watch"]);
    watch.until("no pool has been used here yet");
    let holder = lab.hold();
    watch.until("db: 1 of 1 names held");
    holder.code();
    watch.until("db: 0 of 1 names held");
}

#[test]
fn watch_fills_the_terminal_until_q() {
    let lab = Lab::new();
    let _holder = lab.hold();
    let mut command = lab.program("script");
    command
        .args([
            "-qec",
            "stty cols 60 rows 20; name-manager status --watch",
            "/dev/null",
        ])
        .env("SHELL", "/bin/bash");
    let mut watch = crate::lab::Running::new(&mut command);
    // The alternate screen, and below the title the pool.
    let mut seen = String::new();
    while !seen.contains("db: 1 of 1 names held") {
        seen.push_str(&watch.chunk());
    }
    assert!(seen.contains("\u{1b}[?1049h"), "{seen:?}");
    watch.input.as_mut().unwrap().write_all(b"q").unwrap();
    while !seen.contains("\u{1b}[?1049l") {
        seen.push_str(&watch.chunk());
    }
    assert_eq!(watch.code(), 0);
}

#[test]
fn a_stopped_holder_is_shown_as_stopped() {
    let lab = Lab::new();
    let holder = lab.hold();
    let pid = holder.child.id().to_string();
    assert!(lab.shell(&format!("kill -STOP {pid}")).out.is_empty());
    let stopped = || lab.json(&["status"])["pools"][0]["names"][0]["holders"][0]["process"].clone();
    // The signal may take a moment.
    until("it is stopped", || (stopped() == "stopped").then_some(()));
    let text = lab.run(&["status"]).out;
    assert!(text.contains("stopped"), "{text}");
    let doctor = lab.run(&["doctor"]).out;
    assert!(
        doctor.contains(&format!("(pid {pid}, stopped, for ")),
        "{doctor}"
    );
    assert!(doctor.contains("kill -CONT"), "{doctor}");
    lab.shell(&format!("kill -CONT {pid}"));
    assert_eq!(holder.code(), 0);
}

#[test]
fn a_lock_that_outlives_its_holder_is_no_live_holder() {
    let lab = Lab::new();
    let holder = lab.hold();
    // In the place of a child that the holder forked off: it has the lock when the holder
    // is killed.
    let lock = lab.pool("db").join("names/db-0.lock");
    let mut child = lab.program("flock");
    let lock = lock.to_str().unwrap();
    child.args(["--no-fork", lock, "sh", "-c", "echo locked; cat"]);
    let mut child = Running::new(&mut child);
    let pid = holder.child.id();
    holder.kill();
    assert_eq!(child.line(), "locked");
    let name = &lab.json(&["status"])["pools"][0]["names"][0];
    assert_eq!(name["held"], true);
    assert_eq!(name["holders"][0]["process"], "ended");
    let keeps = "ended, but a process that it started keeps the lock";
    for view in ["status", "list", "doctor"] {
        let said = lab.run(&[view]).out;
        assert!(said.contains(keeps), "{said}");
        assert!(said.contains(&pid.to_string()), "{said}");
    }
    assert_eq!(child.code(), 0);
    let name = &lab.json(&["status"])["pools"][0]["names"][0];
    assert_eq!(
        (&name["held"], &name["holder_died"]),
        (&false.into(), &true.into())
    );
}

/// What an attribute said of pool `db` in a run.
fn declared(run: &str, max: u32) -> String {
    format!(
        "{{\"v\":1,\"run\":\"{run}\",\"place\":\"tests/{run}.rs:3\",\"max\":{max},\"names\":null}}\n"
    )
}

#[test]
fn a_size_that_an_attribute_said_earlier_is_marked_and_gives_way_to_live_runs() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let sizes = declared("one", 2) + &declared("two", 3);
    fs::write(lab.pool("db").join("sizes.jsonl"), sizes).unwrap();
    let status = || {
        let mut status = lab.cli(&["status"]);
        status.env_remove("NAME_MANAGER_POOL_DB_MAX");
        Said::of(status.output().unwrap()).out
    };
    let said = status();
    assert!(
        said.contains("db: 0 of 3 names held, as tests/two.rs:3 said last"),
        "{said}"
    );
    let _lock = lab.locked("names/db-0.lock");
    let path = lab.pool("db").join("names/db-0.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut held_in = |run: &str| {
        record["holders"] = json!([{
            "holder": {"test": "a_test", "pid": std::process::id(), "pid_namespace": null, "token": "7-0", "run": run, "file": "tests/a.rs", "line": 3, "since": 0},
            "access": "exclusive",
            "waiting": null,
            "body_ended": null,
        }]);
        fs::write(&path, record.to_string()).unwrap();
        status()
    };
    let said = held_in("one");
    assert!(said.contains("db: 1 of 2 names held\n"), "{said}");
    // Its attributes say nothing any more.
    let said = held_in("three");
    assert!(said.contains("db: 1 held, unbounded\n"), "{said}");
}

#[test]
fn names_that_an_allocator_never_made_are_not_shown() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let code = r#"{"v":1,"resource":null,"allocator":{"crate":"a","place":"a/src/lib.rs:1"}}"#;
    fs::write(lab.pool("db").join("code.json"), code).unwrap();
    let mut status = lab.cli(&["status"]);
    status.env("NAME_MANAGER_POOL_DB_MAX", "5");
    let said = Said::of(status.output().unwrap()).out;
    assert!(said.contains("db: 0 of 5 names held"), "{said}");
    assert!(said.contains("db-0") && !said.contains("db-1"), "{said}");
}
