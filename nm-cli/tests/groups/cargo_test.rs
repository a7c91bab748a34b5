use std::collections::BTreeSet;

use crate::workspace;

/// What libtest printed, without the order and the times, which vary.
fn results(stdout: &str) -> BTreeSet<String> {
    let lines = stdout.lines();
    let lines = lines.filter(|line| !line.starts_with("all doctests ran in"));
    let untimed = |line: &str| match line.split_once("; finished in") {
        Some((result, _)) => result.to_owned(),
        None => line.to_owned(),
    };
    lines.map(untimed).collect()
}

#[test]
fn cargo_tests_output_and_exit_code_are_its_own() {
    let Some(workspace) = workspace() else { return };
    let theirs = workspace
        .cargo(&["test", "--", "--test-threads=2"])
        .finish()
        .success();
    let ours = workspace
        .name_manager(&["test", "--", "--test-threads=2"])
        .finish()
        .success();
    let doctests = |line: &String| line.starts_with("   Doc-tests shop");
    assert!(
        results(&ours.stdout)
            .contains("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out")
    );
    assert!(
        ours.stderr.lines().any(|line| doctests(&line.to_owned())),
        "{ours}"
    );
    assert_eq!(results(&ours.stdout), results(&theirs.stdout));
    let failed = workspace
        .name_manager(&["test", "-p", "stock"])
        .env("FAIL", "1")
        .finish();
    failed.failure(101);
    let filtered = workspace.name_manager(&[
        "test", "-p", "shop", "--test", "db", "--", "--exact", "free",
    ]);
    let filtered = filtered.finish().success();
    assert!(filtered.stdout.contains("1 passed"), "{filtered}");
}
