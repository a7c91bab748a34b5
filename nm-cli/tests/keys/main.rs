//! The keys of serial_test, as the command line shows them, over a generated package whose
//! `serial_test` is ours.

#![cfg(unix)]

#[path = "../../../tests/suites/command.rs"]
#[allow(dead_code, reason = "tests/suites uses the rest")]
mod command;
#[path = "../../../tests/suites/place.rs"]
mod place;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Command, Finished, has_nextest, wait_until};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const TESTS: &str = r#"
use serial_test::{file_parallel, file_serial, serial};

/// Leaves the group of its runner in a file, and waits until it is told to go on.
fn note(test: &str) {
    let Some(notes) = std::env::var_os("NOTES") else { return };
    let notes = std::path::Path::new(&notes);
    let group = std::env::var("NEXTEST_TEST_GROUP").unwrap_or_default();
    std::fs::write(notes.join(test), group).unwrap();
    while notes.join("wait").exists() {
        std::thread::yield_now();
    }
}

#[test]
#[serial(Till)]
#[file_serial(Till)]
fn sells() { note("sells") }

#[test]
#[file_serial(Till)]
fn counts() { note("counts") }

#[test]
#[serial(Till)]
fn alone() { note("alone") }

#[test]
#[file_parallel(page)]
fn reads() { note("reads") }
"#;

struct Package {
    root: PathBuf,
    notes: PathBuf,
}

impl Package {
    fn new(name: &str) -> Self {
        let root = place::base().join(name);
        let _ = fs::remove_dir_all(&root);
        let notes = root.join("notes");
        fs::create_dir_all(root.join("tests")).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(&notes).unwrap();
        let path = format!("{REPOSITORY}/nm-serial-test");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dev-dependencies]\nserial_test = {{ package = \"nm-serial-test\", path = {path:?} }}\n\n[workspace]\n"
        );
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::write(root.join("src/lib.rs"), "").unwrap();
        fs::write(root.join("tests/it.rs"), TESTS).unwrap();
        let locked = Path::new(REPOSITORY).join("Cargo.lock");
        if locked.is_file() {
            fs::copy(locked, root.join("Cargo.lock")).unwrap();
        }
        Self { root, notes }
    }

    fn with_surroundings(&self, command: Command) -> Command {
        command
            .env("XDG_STATE_HOME", self.root.join("user"))
            .env("NOTES", &self.notes)
            .env("CARGO_TARGET_DIR", place::target())
            .env("CARGO_NET_OFFLINE", "true")
    }

    fn cargo(&self, args: &[&str]) -> Command {
        self.with_surroundings(Command::cargo(&self.root).args(args))
    }

    fn name_manager(&self, args: &[&str]) -> Finished {
        let command = Command::new(env!("CARGO_BIN_EXE_name-manager"), &self.root);
        self.with_surroundings(command.args(args))
            .finish()
            .success()
    }

    fn group(&self, test: &str) -> String {
        fs::read_to_string(self.notes.join(test)).unwrap()
    }
}

#[test]
fn every_view_shows_who_holds_a_key_and_who_waits() {
    let package = Package::new("keys-seen");
    let wait = package.notes.join("wait");
    fs::write(&wait, "").unwrap();
    let run = package
        .cargo(&[
            "test",
            "--test",
            "it",
            "--",
            "--skip",
            "reads",
            "--test-threads=3",
        ])
        .start();
    let status = || package.name_manager(&["status"]);
    // One of them holds the key of the process, and one of all processes; one waits.
    let log = || package.name_manager(&["log"]);
    wait_until("one waits", || log().stdout.contains("waiting"));
    let seen = status().says(&["serial--till-0", "file-serial--till-0", "it::"]);
    assert!(seen.stdout.contains("held"), "{seen}");
    fs::remove_file(&wait).unwrap();
    run.finish().success();
    for view in ["log", "timeline", "stats"] {
        let seen = package.name_manager(&[view]);
        seen.says(&["serial--till", "file-serial--till"]);
    }
    let log = package.name_manager(&["log"]);
    log.says(&["it::sells", "it::counts", "it::alone", "waiting"]);
}

#[test]
fn keys_of_all_processes_become_groups_of_nextest() {
    if !has_nextest() {
        return;
    }
    let package = Package::new("keys-grouped");
    package
        .name_manager(&["nextest"])
        .says(&["4 tests run: 4 passed"]);
    for (test, group) in [
        ("sells", "@tool:name-manager:file-serial--till"),
        ("counts", "@tool:name-manager:file-serial--till"),
        ("alone", "@global"),
        ("reads", "@global"),
    ] {
        assert_eq!(package.group(test), group, "{test}");
    }
    // A size makes one pool for all processes of it.
    let manifest = package.root.join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).unwrap();
    text.push_str("\n[workspace.metadata.name-manager.pools.serial--till]\nmax = 1\n");
    fs::write(&manifest, text).unwrap();
    package
        .name_manager(&["nextest"])
        .says(&["4 tests run: 4 passed"]);
    assert!(
        package.group("alone").starts_with("@tool:name-manager:"),
        "{}",
        package.group("alone")
    );
}
