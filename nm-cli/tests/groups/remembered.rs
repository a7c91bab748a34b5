use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::executable;
use crate::workspace;
use crate::workspace::{Workspace, write};

const RUN: [&str; 3] = ["nextest", "-p", "stock"];
const DB: &str = "@tool:name-manager:db";
const TESTS: &str = "stock/tests/db.rs";

/// A cargo that writes down what it is told.
struct Cargo(TempDir);

impl Cargo {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let real = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let told = dir.path().join("told");
        let script = format!("#!/bin/sh\necho \"$*\" >> {told:?}\nexec {real:?} \"$@\"\n");
        executable::write(&dir.path().join("cargo"), script.as_bytes());
        Self(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("cargo")
    }

    /// Whether nextest has listed tests since this was asked before.
    fn has_listed(&self) -> bool {
        let told = self.0.path().join("told");
        let text = fs::read_to_string(&told).unwrap();
        fs::remove_file(told).unwrap();
        assert_eq!(text.matches("test --no-run").count(), 1, "{text}");
        assert_eq!(text.matches("nextest run").count(), 1, "{text}");
        text.contains("nextest list")
    }
}

/// The group of a test of `stock` in a run, and whether nextest was asked what is built.
fn run(workspace: &Workspace, cargo: &Cargo, test: &str) -> (String, bool) {
    let command = workspace.name_manager(&RUN).env("CARGO", cargo.path());
    command.finish().success();
    let note = workspace.notes()[test].clone();
    (note.group, cargo.has_listed())
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn remembered(workspace: &Workspace) -> Vec<PathBuf> {
    let dir = workspace.root().join(".name-manager/nextest");
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_one = |path: &PathBuf| path.to_str().unwrap().contains("/build-");
    entries.filter(is_one).collect()
}

#[test]
fn what_has_not_changed_is_not_listed_again() {
    let Some(workspace) = workspace() else { return };
    let cargo = Cargo::new();
    let first = run(&workspace, &cargo, "stock::db a");
    assert_eq!(first, (DB.to_owned(), true));
    assert_eq!(
        run(&workspace, &cargo, "stock::db a"),
        (DB.to_owned(), false)
    );
    // nextest reads it, too, and may exclude binaries there.
    workspace.write_config("[profile.default]\nretries = 1\n");
    assert!(run(&workspace, &cargo, "stock::db a").1);
}

#[test]
fn a_changed_test_is_in_its_new_group() {
    let Some(workspace) = workspace() else { return };
    let cargo = Cargo::new();
    let file = workspace.root().join(TESTS);
    run(&workspace, &cargo, "stock::db a");
    replace(
        &file,
        "pool = \"db\", max = 2",
        "pool = \"db-2\", max = 2, arg = db",
    );
    let (group, has_listed) = run(&workspace, &cargo, "stock::db a");
    assert_eq!(group, "@tool:name-manager:db-2");
    assert!(!has_listed, "the same binaries are built");
    // A new test of a binary that is known.
    let more = "#[shared_resource(pool = \"db-2\", max = 2, arg = db, crate = lender)]\n#[test]\nfn more(db: Lease) { note(&[db.index()]) }\n";
    fs::write(&file, fs::read_to_string(&file).unwrap() + more).unwrap();
    let (group, _) = run(&workspace, &cargo, "stock::db more");
    assert_eq!(group, "@tool:name-manager:db-2");
    // And the same text again, compiled again.
    fs::write(&file, fs::read(&file).unwrap()).unwrap();
    let (group, _) = run(&workspace, &cargo, "stock::db more");
    assert_eq!(group, "@tool:name-manager:db-2");
}

#[test]
fn another_binary_is_found_and_missed_when_it_goes() {
    let Some(workspace) = workspace() else { return };
    let cargo = Cargo::new();
    run(&workspace, &cargo, "stock::db a");
    let file = workspace.root().join("stock/tests/more.rs");
    let tests = fs::read_to_string(workspace.root().join(TESTS)).unwrap();
    write(&file, &tests);
    assert_eq!(
        run(&workspace, &cargo, "stock::more a"),
        (DB.to_owned(), true)
    );
    fs::remove_file(file).unwrap();
    assert_eq!(
        run(&workspace, &cargo, "stock::db a"),
        (DB.to_owned(), false)
    );
    assert_eq!(workspace.notes().len(), 3, "{:?}", workspace.notes());
}

#[test]
fn a_changed_manifest_changes_the_groups() {
    let Some(workspace) = workspace() else { return };
    let cargo = Cargo::new();
    run(&workspace, &cargo, "stock::db a");
    let groups = || {
        let args = [&RUN[..], &["--write"]].concat();
        workspace.name_manager(&args).finish().success();
        workspace.read_config()
    };
    assert!(groups().contains("max-threads = 2"), "{}", groups());
    let manifest = workspace.root().join("Cargo.toml");
    replace(&manifest, "port.max = 3", "port.max = 3\ndb.max = 1");
    assert!(groups().contains("max-threads = 1"), "{}", groups());
}

#[test]
fn what_is_remembered_only_in_part_is_listed_again() {
    let Some(workspace) = workspace() else { return };
    let cargo = Cargo::new();
    run(&workspace, &cargo, "stock::db a");
    let [file] = &remembered(&workspace)[..] else {
        panic!("{:?}", remembered(&workspace));
    };
    let whole = fs::read_to_string(file).unwrap();
    let of_another = whole.replace("tests/db.rs", "tests/other.rs");
    let of_another = of_another.replace("/db-", "/other-");
    let of_a_compiler_that_is_gone = whole.replace("/lib/rustlib/", "/gone/rustlib/");
    assert_ne!(of_a_compiler_that_is_gone, whole);
    for text in [
        "",
        "{",
        &whole[..whole.len() / 2],
        "{\"rust-binaries\":{}}",
        &of_another,
        &of_a_compiler_that_is_gone,
    ] {
        fs::write(file, text).unwrap();
        let (group, has_listed) = run(&workspace, &cargo, "stock::db a");
        assert_eq!((group.as_str(), has_listed), (DB, true), "{text}");
        assert_eq!(fs::read_to_string(file).unwrap(), whole);
    }
}

#[test]
fn what_cannot_be_built_ends_as_under_nextest() {
    let Some(workspace) = workspace() else { return };
    let said = |ran: crate::command::Finished| (ran.code, ran.stderr);
    let compare = |of: &str| {
        let (theirs, _) = said(workspace.cargo(&["nextest", "run", "-p", "stock"]).finish());
        let (ours, text) = said(workspace.name_manager(&RUN).finish());
        assert_eq!(ours, theirs, "{text}");
        assert_eq!(text.matches(of).count(), 1, "{text}");
    };
    let file = workspace.root().join(TESTS);
    fs::write(&file, "fn f() { let x: u8 = 'no'; }").unwrap();
    compare("stock/tests/db.rs:1");
    fs::write(&file, "").unwrap();
    fs::write(workspace.root().join("stock/Cargo.toml"), "[package").unwrap();
    compare("[package");
}
