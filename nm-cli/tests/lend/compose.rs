//! The shell scripts of `examples/compose`.

use std::path::Path;
use std::process::Command;

use crate::lab::{self, Lab, Said};

/// Five tests ran, two at a time, and none saw another's orders.
fn check(way: &str) {
    for tool in ["curl", "python3", "make"] {
        if Command::new(tool).arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "{tool} is not installed");
            eprintln!("skipped: {tool} is not installed");
            return;
        }
    }
    let lab = Lab::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/compose");
    let mut script = lab.program("sh");
    script
        .args(["-c", way])
        .env("STACKS_DIR", lab.path().join("stacks"))
        .current_dir(dir);
    let said = Said::of(script.output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("a stack is: "), "{said:?}");
    assert_eq!(said.out.matches("\nok ").count(), 5, "{said:?}");

    let leases = lab::leases(&lab.events("stack"));
    assert_eq!(leases, (7, 2), "five tests, and both stacks in the end");
}

#[test]
fn five_tests_share_two_stacks_by_run() {
    check("./with-run.sh");
}

#[test]
fn five_tests_share_two_stacks_by_acquire() {
    check("./with-acquire.sh");
}

#[test]
fn five_tests_share_two_stacks_from_make() {
    check("make --no-print-directory -j5 check");
}
