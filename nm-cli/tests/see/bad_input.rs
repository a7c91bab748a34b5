use std::fs::{self, File};
use std::io::Write;

use serde_json::json;

use crate::journal::{Journal, SECOND, START};
use crate::lab::{Lab, VIEWS};

#[test]
fn a_torn_journal_shows_what_is_whole() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.line("garbage");
    journal.lease("app::whole", "db-0", 0, 0, 1);
    journal.line("\u{0}\u{0}\u{0}");
    journal.write(&lab);
    let path = lab.pool("db").join("journal.jsonl");
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(&[0xff, 0xfe, b'\n']).unwrap();
    file.write_all(&journal.text().as_bytes()[8..200]).unwrap();
    let said = lab.run(&["log", "--short"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.matches("app::whole").count(), 2, "{said:?}");
    assert!(
        said.err.contains("skipped 4 invalid journal lines"),
        "{said:?}"
    );
    for view in VIEWS {
        assert_eq!(lab.run(&[view]).code, 0, "{view}");
    }
}

#[test]
fn a_newer_journal_is_named_with_both_versions() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("app::older", "db-0", 0, 0, 1);
    journal.line("{\"v\":7,\"kind\":\"something new\"}");
    journal.write(&lab);
    for view in VIEWS {
        let said = lab.run(&[view]);
        assert_eq!(said.code, 1, "{view} {said:?}");
        let text = said.out + &said.err;
        assert!(
            text.contains("has format 7, this version reads up to 1"),
            "{text}"
        );
    }
    let said = lab.run(&["log"]);
    assert!(said.out.contains("app::older"), "{said:?}");
}

#[test]
fn a_newer_state_directory_is_refused() {
    let lab = Lab::new();
    fs::create_dir_all(lab.state()).unwrap();
    fs::write(lab.state().join("format"), "8\n").unwrap();
    let said = lab.run(&["status"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("has format 8"), "{said:?}");
}

#[test]
fn a_journal_of_a_gigabyte_without_a_line_end_takes_little_memory() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("app::before", "db-0", 0, 0, 1);
    journal.write(&lab);
    let path = lab.pool("db").join("journal.jsonl");
    let file = File::options().append(true).open(&path).unwrap();
    // A hole: it takes no room on the disk.
    file.set_len(1 << 30).unwrap();
    let said = lab.shell("ulimit -v 200000; name-manager log --short");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("app::before"), "{said:?}");
    assert!(
        said.err.contains("skipped 1 invalid journal line"),
        "{said:?}"
    );
}

#[test]
fn a_reader_that_leaves_ends_a_view_quietly() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    for at in 0..5_000 {
        journal.lease(
            &format!("app::{}", "long".repeat(20)),
            "db-0",
            at,
            at,
            at + 1,
        );
    }
    journal.write(&lab);
    for view in ["log", "log --json", "timeline --json", "status", "stats"] {
        let script = format!("name-manager {view} | head -c 10; echo ${{PIPESTATUS[0]}}");
        let said = lab.shell(&script);
        assert!(said.out.ends_with("0\n"), "{view} {said:?}");
        assert_eq!(said.err, "", "{view}");
    }
}

#[test]
fn a_clock_set_back_loses_nothing() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.lease("app::before", "db-0", 100, 100, 200);
    journal.lease("app::after", "db-0", 1, 1, 2);
    journal.write(&lab);
    for view in VIEWS {
        assert_eq!(lab.run(&[view]).code, 0, "{view}");
    }
    let out = lab.run(&["log", "--short"]).out;
    assert!(out.find("app::before") < out.find("app::after"), "{out}");
    assert_eq!(lab.json(&["stats"])["pools"][0]["requests"], 2);
}

#[test]
fn every_view_of_nothing_says_so() {
    let lab = Lab::new();
    for view in VIEWS {
        let said = lab.run(&[view]);
        assert_eq!(said.code, 0, "{view} {said:?}");
        assert!(!(said.out + &said.err).is_empty(), "{view}");
        assert!(!lab.state().exists(), "{view} makes nothing");
    }
}

#[test]
fn a_clock_set_back_during_a_hook_leaves_it_within_its_lease() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    let at = |second: u64| START + second * SECOND;
    for (time, kind, phase) in [
        (10, "acquired", None),
        (5, "init", Some("started")),
        (6, "init", Some("done")),
        (7, "reset", Some("started")),
        (30, "reset", Some("done")),
        (4, "released", None),
    ] {
        let event = json!({"time": at(time), "kind": kind, "name": "db-0", "phase": phase});
        journal.event("app::a", "7-1", event);
    }
    journal.write(&lab);
    for view in VIEWS {
        assert_eq!(lab.run(&[view]).code, 0, "{view}");
    }
    let timeline = lab.json(&["timeline"]);
    let lease = &timeline["leases"][0];
    assert_eq!(
        (&lease["start"], &lease["end"]),
        (&json!(at(10)), &json!(at(30)))
    );
    assert_eq!(lease["hooks"][0]["start"], at(10));
    for end in ["svg", "html", "json"] {
        let file = format!("out.{end}");
        assert_eq!(lab.run(&["timeline", "--output", &file]).code, 0, "{end}");
    }
}

#[test]
fn times_at_the_end_of_all_time_show_in_every_view() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    for id in ["7-1", "7-2", "7-3"] {
        // Each as long as there are numbers for.
        for (time, kind, phase) in [
            (0, "acquired", None),
            (0, "init", Some("started")),
            (u64::MAX, "init", Some("done")),
            (u64::MAX, "released", None),
        ] {
            let event =
                json!({"time": time, "kind": kind, "name": id, "phase": phase, "waited": u64::MAX});
            journal.event("app::a", id, event);
        }
    }
    journal.write(&lab);
    for view in VIEWS {
        assert_eq!(lab.run(&[view]).code, 0, "{view}");
    }
    for end in ["svg", "html", "json"] {
        let file = format!("out.{end}");
        assert_eq!(lab.run(&["timeline", "--output", &file]).code, 0, "{end}");
    }
}
