use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::journal::Journal;
use crate::lab::{Lab, Running};

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
fn values_that_may_be_secrets_are_not_shown() {
    let lab = Lab::new();
    let mut command = lab.cli(&["doctor"]);
    let hidden = "postgres://ci:hunter2@db/names";
    for key in ["POOL_DB_SERVER", "POOL_DB_SCOPE", "SCOPE"] {
        command.env(format!("NAME_MANAGER_{key}"), hidden);
    }
    command.env("NAME_MANAGER_POOL_DB_MAX", "3");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("hunter2"), "{said}");
    assert!(said.contains("NAME_MANAGER_POOL_DB_MAX=3"), "{said}");
    assert!(
        said.contains("NAME_MANAGER_POOL_DB_SERVER is set"),
        "{said}"
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

/// A workspace whose pool is configured like this, and what the doctor says of it.
fn of_workspace(lab: &Lab, pool: &str) -> Value {
    let text = format!("[workspace]\n[workspace.metadata.name-manager.pools.db]\n{pool}\n");
    fs::write(lab.path().join("Cargo.toml"), text).unwrap();
    let mut doctor = lab.cli(&["doctor", "--json"]);
    doctor
        .env_remove("NAME_MANAGER_DIR")
        .env_remove("NAME_MANAGER_POOL_DB_MAX");
    serde_json::from_slice(&doctor.output().unwrap().stdout).unwrap()
}

#[test]
fn the_directories_that_are_examined_are_those_of_the_pools() {
    let lab = Lab::new();
    let git = lab.program("git").args(["init", "-q"]).status().unwrap();
    assert!(git.success());
    let path = |path: &str| lab.path().join(path).display().to_string();
    for (scope, there) in [
        ("scope = \"repository\"", ".git/name-manager"),
        ("dir = \"elsewhere\"", "elsewhere"),
    ] {
        let doctor = of_workspace(&lab, scope);
        let notes = findings(&doctor, "note").join("\n");
        let will = format!(
            "will live in `{}` (set for pool `db` in Cargo.toml)",
            path(there)
        );
        assert!(notes.contains(&will), "{notes}");
        assert!(!doctor.to_string().contains(".name-manager"), "{doctor}");
        let mut run = lab.cli(&["run", "db", "--", "true"]);
        assert!(
            run.env_remove("NAME_MANAGER_DIR")
                .status()
                .unwrap()
                .success()
        );
        let fine = findings(&of_workspace(&lab, scope), "ok").join("\n");
        assert!(
            fine.contains(&format!("lives in `{}`", path(there))),
            "{fine}"
        );
        assert!(
            fine.contains(&format!("work in `{}`", path(there))),
            "{fine}"
        );
    }
    // That of all others, once there is one of them.
    let mut run = lab.cli(&["run", "web", "--", "true"]);
    assert!(
        run.env_remove("NAME_MANAGER_DIR")
            .status()
            .unwrap()
            .success()
    );
    let fine = findings(&of_workspace(&lab, "dir = \"elsewhere\""), "ok").join("\n");
    for dir in [".name-manager", "elsewhere"] {
        assert!(
            fine.contains(&format!("lives in `{}`", path(dir))),
            "{fine}"
        );
    }
}

#[test]
fn a_directory_in_which_others_can_write_is_none_to_trust() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let warnings = || findings(&lab.json(&["doctor"]), "warning").join("\n");
    assert_eq!(warnings(), "");
    for (dir, wrong, right) in [
        (lab.state(), 0o777, 0o700),
        (lab.state().join("pools"), 0o770, 0o700),
        (lab.pool("db").join("names"), 0o702, 0o700),
        (lab.path().to_owned(), 0o777, 0o755),
    ] {
        let set = |mode| fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        set(wrong);
        let said = warnings();
        let what = format!("others can write in `{}` (mode {wrong:04o})", dir.display());
        assert!(said.contains(&what), "{said}");
        set(right);
    }
    // As in `/tmp`: what is there can be replaced by its owner alone.
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert_eq!(warnings(), "");
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o775)).unwrap();
    fs::remove_dir_all(lab.state()).unwrap();
    assert_eq!(warnings(), "");
}

#[test]
fn a_keeper_has_no_parent_by_design() {
    let lab = Lab::new();
    let mut shell = Running::new(
        lab.program("sh")
            .args(["-c", "name-manager acquire db; read line"]),
    );
    assert_eq!(shell.line(), "db-0");
    let doctor = lab.json(&["doctor"]);
    assert_eq!(findings(&doctor, "warning"), [] as [&str; 0]);
    let notes = findings(&doctor, "note").join("\n");
    assert!(
        notes.contains("`db-0` is held by `sh -c name-manager acquire"),
        "{notes}"
    );
}

#[test]
fn a_size_that_was_edited_is_no_contradiction() {
    let lab = Lab::new();
    lab.run(&["run", "db", "--", "true"]);
    let declared = |run: &str, place: &str, max: u32| {
        format!(
            "{{\"v\":1,\"run\":\"{run}\",\"place\":\"{place}\",\"max\":{max},\"names\":null}}\n"
        )
    };
    let warnings = |sizes: &[String]| {
        fs::write(lab.pool("db").join("sizes.jsonl"), sizes.concat()).unwrap();
        findings(&lab.json(&["doctor"]), "warning").join("\n")
    };
    let (two, three) = (
        declared("one", "tests/a.rs:3", 2),
        declared("two", "tests/a.rs:7", 3),
    );
    assert_eq!(warnings(&[two.clone(), three.clone()]), "");
    // It may be said elsewhere by now; but not there, where nothing is said any more.
    let moved = declared("three", "tests/b.rs:3", 4);
    let said = warnings(&[two.clone(), three.clone(), moved.clone()]);
    assert!(
        said.contains("`max = 3` at tests/a.rs:7 in run two, but `max = 4` at tests/b.rs:3"),
        "{said}"
    );
    fs::create_dir(lab.path().join("tests")).unwrap();
    fs::write(lab.path().join("tests/b.rs"), "").unwrap();
    fs::write(lab.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    assert_eq!(warnings(&[two, three, moved]), "");
}
