//! What tests of one process see of each other.

use std::fs;

use nm_runtime::journal::Kind;

use crate::command::{Finished, has_nextest};
use crate::drop_in::{PROJECT, across, cargo, cargo_test};
use crate::history::History;

fn passed(finished: Finished, tests: usize) {
    finished
        .success()
        .says(&[&format!("test result: ok. {tests} passed")]);
}

#[test]
fn tests_of_a_key_run_one_after_the_other() {
    // Other tests use the same keys: here they are nobody else's.
    let state = PROJECT.path("state");
    let _ = fs::remove_dir_all(&state);
    for (module, pool) in [("serial_", "serial"), ("file_", "file-serial")] {
        let module = format!("one_at_a_time::{module}");
        let run = cargo_test("keys", &module, 2).env("NAME_MANAGER_DIR", &state);
        passed(run.finish(), 2);
        let history = History::read(&state.join("pools").join(pool));
        history.check(1);
        // All of it is told when the process ends.
        assert_eq!(history.count(Kind::Acquired), 2);
        assert_eq!(history.count(Kind::Released), 2);
    }
}

#[test]
fn readers_and_other_keys_run_at_once() {
    passed(cargo_test("keys", "together::readers_", 2).finish(), 2);
    passed(cargo_test("keys", "together::file_readers_", 2).finish(), 2);
    passed(cargo_test("keys", "together::keys_", 5).finish(), 5);
}

#[test]
fn several_keys_are_held_at_once_in_whatever_order_they_are_written() {
    passed(cargo_test("keys", "several::", 4).finish(), 4);
}

#[test]
fn the_attributes_go_on_everything() {
    passed(cargo_test("keys", "everywhere::", 4).finish(), 14);
    PROJECT.history("serial-here").check(1);
}

#[test]
fn a_module_gives_its_keys_to_the_tests_in_it() {
    passed(cargo_test("keys", "modules::", 4).finish(), 6);
}

#[test]
fn a_thread_has_a_key_again_that_it_holds() {
    passed(cargo_test("keys", "again::", 4).finish(), 8);
}

#[test]
fn functions_do_what_the_attributes_do() {
    passed(cargo_test("keys", "functions::", 4).finish(), 6);
}

#[test]
fn all_tests_pass_under_nextest() {
    if !has_nextest() {
        return;
    }
    // All but those that wait for another thread of their process.
    let filter = "not test(together::) and not test(one_at_a_time::)";
    // Its processes have names of the pools that are one at a time in the others' histories.
    let state = tempfile::tempdir().unwrap();
    let run = cargo(&[
        "nextest", "run", "-p", "app", "--test", "keys", "-E", filter, "-j4",
    ]);
    let run = run.env("NAME_MANAGER_DIR", state.path());
    run.finish().success().says(&["38 tests run: 38 passed"]);
}

#[test]
fn examples_of_the_documentation_hold_keys() {
    let run = cargo(&["test", "-p", "app", "--doc"]).finish();
    passed(run, 1);
    assert_eq!(across("file-serial-example").count(Kind::Released), 1);
}

#[test]
fn crates_of_old_editions_compile() {
    for package in ["old", "older"] {
        passed(cargo(&["test", "-p", package, "--test", "old"]).finish(), 2);
    }
}
