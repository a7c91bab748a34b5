use crate::executable;
use crate::workspace;

#[test]
fn exit_codes_are_nextests_own() {
    let Some(workspace) = workspace() else { return };
    let cases: [&[&str]; 5] = [
        &["-p", "stock"],
        &["-p", "stock", "no_such_test"],
        &["-p", "no-such-package"],
        &["-p", "stock", "--retries", "many"],
        &["-p", "stock", "--no-such-option"],
    ];
    let code = |command: crate::command::Command| command.env("FAIL", "1").finish().code;
    for args in cases {
        let theirs = code(workspace.cargo(&[&["nextest", "run"], args].concat()));
        let ours = code(workspace.name_manager(&[&["nextest"], args].concat()));
        assert_eq!(ours, theirs, "{args:?}");
        let named = code(workspace.name_manager(&[&["nextest", "run"], args].concat()));
        assert_eq!(named, theirs, "run {args:?}");
    }
}

#[test]
fn arguments_reach_nextest_as_they_are() {
    let Some(workspace) = workspace() else { return };
    let args = [
        "nextest",
        "-p",
        "shop",
        "-E",
        "test(=free)",
        "--",
        "--exact",
        "free",
    ];
    let ran = workspace.name_manager(&args).finish().success();
    assert!(ran.stderr.contains("1 test run: 1 passed"), "{ran}");
    assert_eq!(workspace.notes().len(), 1);
}

#[test]
fn what_is_built_is_built_once_and_is_the_same() {
    let Some(workspace) = workspace() else { return };
    let built = |args: &[&str]| {
        let args = [&["nextest"], args].concat();
        let ran = workspace.name_manager(&args).finish().success();
        let tests: Vec<_> = workspace.notes().into_keys().collect();
        (ran.stderr.matches("Finished ").count(), tests)
    };
    let selected = ["-p", "plain", "-p", "shop", "--features", "shop/extra"];
    let (times, tests) = built(&selected);
    assert_eq!(times, 1);
    // An option of cargo's that may say more than what is listed.
    let (times, again) = built(&[&selected[..], &["--config", "term.verbose=false"]].concat());
    assert_eq!((times, again), (2, tests));
}

#[test]
fn an_old_nextest_is_refused() {
    let Some(workspace) = workspace() else { return };
    let dir = tempfile::tempdir().unwrap();
    let cargo = dir.path().join("cargo");
    let refused = |script: &str| {
        executable::write(&cargo, format!("#!/bin/sh\n{script}\n").as_bytes());
        let command = workspace.name_manager(&["nextest"]).env("CARGO", &cargo);
        command.finish().failure(1).stderr
    };
    assert_eq!(
        refused("echo cargo-nextest 0.9.80"),
        "name-manager: cargo-nextest 0.9.80 is too old: it does not support test priorities; expected 0.9.91 or newer (`cargo install --locked cargo-nextest`)\n"
    );
    assert_eq!(
        refused("exit 101"),
        "name-manager: `cargo nextest` is not installed; install it (`cargo install --locked cargo-nextest`), or use `name-manager test`\n"
    );
}
