//! The keys of serial_test, as the command line shows them, over a generated package whose
//! `serial_test` is ours.

#![cfg(unix)]

#[path = "../../../tests/suites/command.rs"]
#[allow(dead_code, reason = "tests/suites uses the rest")]
mod command;
#[path = "../lend/page.rs"]
#[allow(dead_code, reason = "other pages have commands and answers")]
mod page;
#[path = "../../../tests/suites/place.rs"]
mod place;
mod test_threads_page;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Command, Finished, has_nextest, wait_until};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What `docs/from-serial-test.md` has a package write, without touching a test.
fn dependency() -> String {
    let blocks = page::written_in("toml", "docs/from-serial-test.md");
    let [block] = &blocks[..] else {
        panic!("{blocks:?}")
    };
    let ours = format!("{REPOSITORY}/nm-serial-test");
    let block = block.replace("../name-manager/nm-serial-test", &ours);
    assert!(block.contains(&ours), "{block}");
    block
}

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
fn a_quick_one() {}

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
#[file_serial(path => "till.lock")]
fn locks() { note("locks") }

#[test]
#[file_parallel(page)]
fn reads() { note("reads") }
"#;

struct Package {
    root: PathBuf,
    notes: PathBuf,
}

impl Package {
    /// With this in its manifest, and these tests.
    fn new(name: &str, dependency: &str, tests: &str) -> Self {
        let root = place::base().join(name);
        let _ = fs::remove_dir_all(&root);
        let notes = root.join("notes");
        fs::create_dir_all(root.join("tests")).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(&notes).unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n{dependency}\n\n[workspace]\n"
        );
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::write(root.join("src/lib.rs"), "").unwrap();
        fs::write(root.join("tests/it.rs"), tests).unwrap();
        let locked = Path::new(REPOSITORY).join("Cargo.lock");
        if locked.is_file() {
            fs::copy(locked, root.join("Cargo.lock")).unwrap();
        }
        let package = Self { root, notes };
        // So that nobody waits for the compiler, who waits for tests.
        package.cargo(&["test", "--no-run"]).finish().success();
        package
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
    let package = Package::new("keys-seen", &dependency(), TESTS);
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
            "--skip",
            "locks",
            "--test-threads=4",
        ])
        .start();
    // One of them holds the key of the process, and one of all processes; one waits.
    let shows = |view: &str, texts: &[&str]| {
        let seen = package.name_manager(&[view]);
        texts.iter().all(|text| seen.stdout.contains(text))
    };
    wait_until("one waits", || shows("log", &["waiting"]));
    let keys = ["serial--till-0", "file-serial--till-0", "it::", "held"];
    wait_until("both are held", || shows("status", &keys));
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
fn a_test_that_begins_right_after_another_is_seen_although_nobody_waits() {
    let package = Package::new("keys-lone", &dependency(), TESTS);
    let wait = package.notes.join("wait");
    fs::write(&wait, "").unwrap();
    let run = package
        .cargo(&[
            "test",
            "--test",
            "it",
            "--",
            "--exact",
            "a_quick_one",
            "alone",
            "--test-threads=1",
        ])
        .start();
    wait_until("it runs", || package.notes.join("alone").exists());
    wait_until("it is seen", || {
        let seen = package.name_manager(&["status"]);
        seen.stdout.contains("it::alone")
    });
    fs::remove_file(&wait).unwrap();
    run.finish().success();
    let seen = package.name_manager(&["status"]);
    assert!(!seen.stdout.contains("it::alone"), "{seen}");
}

#[test]
fn keys_of_all_processes_become_groups_of_nextest() {
    if !has_nextest() {
        return;
    }
    let package = Package::new("keys-grouped", &dependency(), TESTS);
    package
        .name_manager(&["nextest"])
        .says(&["6 tests run: 6 passed"]);
    for (test, group) in [
        ("sells", "@tool:name-manager:file-serial--till"),
        ("counts", "@tool:name-manager:file-serial--till"),
        ("alone", "@global"),
        // Without the path, which is another one on another machine.
        ("locks", "@tool:name-manager:Path-till-02e-lock"),
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
        .says(&["6 tests run: 6 passed"]);
    assert!(
        package.group("alone").starts_with("@tool:name-manager:"),
        "{}",
        package.group("alone")
    );
}
