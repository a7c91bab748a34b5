use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::journal::Journal;
use crate::lab::Lab;

fn findings(doctor: &Value, level: &str) -> Vec<String> {
    let findings = doctor["findings"].as_array().unwrap().iter();
    let of_level = findings.filter(|finding| finding["level"] == level);
    of_level
        .map(|finding| format!("{}: {}", finding["topic"], finding["text"]))
        .collect()
}

#[test]
fn a_healthy_place_is_explained() {
    let lab = Lab::new();
    let _holder = lab.hold();
    let doctor = lab.json(&["doctor"]);
    let fine = findings(&doctor, "ok").join("\n");
    assert!(fine.contains("lives in"), "{fine}");
    assert!(fine.contains("set by a NAME_MANAGER_.. variable"), "{fine}");
    assert!(fine.contains("locks\": \"work in"), "{fine}");
    assert!(fine.contains("1 held, 0 waiting"), "{fine}");
    assert_eq!(findings(&doctor, "problem"), [] as [&str; 0]);
    let left: Vec<_> = fs::read_dir(lab.state()).unwrap().flatten().collect();
    assert!(
        left.iter()
            .all(|file| !file.file_name().to_string_lossy().contains("doctor"))
    );
}

#[test]
fn a_holder_whose_parent_has_ended_is_odd_unless_it_is_a_reaper() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let started = Command::new("sh")
        .args(["-c", "sleep 1000 >&- 2>&- & echo $!"])
        .output();
    let orphan = String::from_utf8(started.unwrap().stdout).unwrap();
    let orphan: i32 = orphan.trim().parse().unwrap();
    let _lock = lab.locked("names/db-0.lock");
    let path = lab.pool("db").join("names/db-0.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let namespace = fs::metadata("/proc/self/ns/pid").unwrap().ino();
    let mut warnings = |test: &str| {
        record["holders"] = json!([{
            "holder": {"test": test, "pid": orphan, "pid_namespace": namespace, "token": "7-0", "run": "run-1", "file": "", "line": 0, "since": 0},
            "access": "exclusive",
            "waiting": null,
            "body_ended": null,
        }]);
        fs::write(&path, record.to_string()).unwrap();
        findings(&lab.json(&["doctor"]), "warning").join("\n")
    };
    let of_test = warnings("a_test");
    let of_reaper = warnings("cleanup after run-1");
    let parent = fs::read_to_string(format!("/proc/{orphan}/status")).unwrap();
    // Somebody else than `init` may take care of orphans here.
    let is_orphan = parent.contains("\nPPid:\t1\n");
    kill_process(Pid::from_raw(orphan).unwrap(), Signal::KILL).unwrap();
    assert_eq!(
        of_test.contains("whose parent has ended"),
        is_orphan,
        "{of_test}"
    );
    assert!(!of_reaper.contains("whose parent has ended"), "{of_reaper}");
}

#[test]
fn what_is_odd_is_found() {
    let lab = Lab::new();
    lab.hold().kill();
    let declared = |run: &str, max: u32| {
        format!(
            "{{\"v\":1,\"run\":\"{run}\",\"place\":\"tests/{run}.rs:3\",\"max\":{max},\"names\":null}}\n"
        )
    };
    let sizes = declared("one", 2) + &declared("two", 3);
    fs::write(lab.pool("db").join("sizes.jsonl"), sizes).unwrap();
    fs::write(lab.pool("db").join("names/db-1.json"), "garbage").unwrap();
    let doctor = lab.json(&["doctor"]);
    let odd = findings(&doctor, "warning").join("\n");
    assert!(odd.contains("the last holder of `db-0` ended"), "{odd}");
    assert!(
        odd.contains("`max = 2` at tests/one.rs:3 in run one, but `max = 3` at tests/two.rs:3"),
        "{odd}"
    );
    assert!(odd.contains("the record of `db-1` is corrupt"), "{odd}");
}

#[test]
fn a_problem_is_an_exit_code() {
    let lab = Lab::new();
    let mut journal = Journal::new();
    journal.line("{\"v\":9}");
    journal.write(&lab);
    let said = lab.run(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("has format 9"), "{said:?}");
    fs::remove_dir_all(lab.state()).unwrap();
    fs::write(lab.state(), "a file").unwrap();
    let said = lab.run(&["doctor"]);
    assert_eq!(said.code, 1, "{said:?}");
}
