use std::collections::BTreeSet;

use crate::workspace;

const DB: &str = "@tool:name-manager:db";

fn set<'a>(tests: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    tests.into_iter().map(String::as_str).collect()
}

#[test]
fn tests_are_grouped_by_what_their_attributes_ask_for() {
    let Some(workspace) = workspace() else { return };
    workspace
        .name_manager(&["nextest", "-j4"])
        .finish()
        .success();
    let notes = workspace.notes();
    assert_eq!(notes.len(), 23, "each test ran: {notes:#?}");
    let limited = workspace.tests_in(DB);
    let expected = [
        "shop tests::a",
        "shop::db a",
        "shop::db b",
        "shop::db c",
        "shop::db d",
        "shop::db e",
        "shop::db f",
        "shop::db g",
        "shop::db h",
        "shop::db reports::sends",
        "stock::db a",
        "stock::db fails_if_told",
        "stock::db fails_once",
    ];
    assert_eq!(set(&limited), BTreeSet::from(expected));
    // Tests of the same name elsewhere, of a pool without end, and readers.
    let global = workspace.tests_in("@global");
    let expected = [
        "plain::db a",
        "plain::db b",
        "shop::db allocated",
        "shop::db free",
        "shop::db reports::reads",
        "shop::db reports::reads_too",
        "shop::db unbounded",
    ];
    assert_eq!(set(&global), BTreeSet::from(expected));
    for test in ["one", "two", "whole"] {
        let group = &notes[&format!("shop::db reports::{test}")].group;
        assert!(group.starts_with("@tool:name-manager:stack"), "{group}");
    }
}

#[test]
fn the_slot_is_the_first_guess_at_the_name() {
    let Some(workspace) = workspace() else { return };
    workspace
        .name_manager(&["nextest", "-j4"])
        .finish()
        .success();
    let notes = workspace.notes();
    let limited = notes.values().filter(|note| note.group == DB);
    for note in limited {
        assert_eq!(note.slot, note.names[0].to_string(), "{notes:#?}");
    }
}

#[test]
fn a_feature_brings_its_tests() {
    let Some(workspace) = workspace() else { return };
    let args = ["nextest", "-p", "shop", "--features", "extra"];
    workspace.name_manager(&args).finish().success();
    let notes = workspace.notes();
    assert_eq!(notes["shop::db only_with_extra"].group, DB);
}

#[test]
fn a_test_that_is_retried_stays_in_its_group() {
    let Some(workspace) = workspace() else { return };
    let flag = tempfile::NamedTempFile::new().unwrap();
    let ran = workspace
        .name_manager(&["nextest", "-p", "stock", "--retries", "1"])
        .env("FAIL_ONCE", flag.path())
        .finish()
        .success();
    assert!(ran.stderr.contains("1 flaky"), "{ran}");
    assert_eq!(workspace.notes()["stock::db fails_once"].group, DB);
}

#[test]
fn partitions_share_the_tests_out() {
    let Some(workspace) = workspace() else { return };
    let mut ran = Vec::new();
    for partition in ["count:1/2", "count:2/2"] {
        let args = ["nextest", "--partition", partition];
        workspace.name_manager(&args).finish().success();
        for (test, note) in workspace.notes() {
            assert_eq!(
                note.group == DB,
                test.starts_with("stock::db") || note.group == DB
            );
            ran.push(test);
        }
    }
    assert_eq!(ran.len(), 23);
    assert_eq!(set(&ran).len(), 23);
}

#[test]
fn an_archive_is_run_in_another_checkout() {
    let Some(workspace) = workspace() else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let archive = elsewhere.path().join("tests.tar.zst");
    let archive = archive.to_str().unwrap();
    let args = ["nextest", "archive", "--archive-file", archive];
    workspace.cargo(&args).finish().success();
    let copy = elsewhere.path().join("checkout");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([workspace.root(), &copy])
        .status();
    assert!(copied.unwrap().success());
    let remap = copy.to_str().unwrap();
    let args = [
        "nextest",
        "--archive-file",
        archive,
        "--workspace-remap",
        remap,
    ];
    workspace.name_manager(&args).finish().success();
    let notes = workspace.notes();
    assert_eq!(notes.len(), 23);
    assert_eq!(notes["stock::db a"].group, DB);
    assert!(copy.join(".name-manager/pools/db").is_dir());
    assert!(!workspace.root().join(".name-manager/pools").exists());
    let left: Vec<_> = std::fs::read_dir(copy.join(".name-manager/nextest"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("archive"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
