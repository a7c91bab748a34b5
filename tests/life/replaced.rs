//! A test binary whose file is gone while it runs, as a newer build leaves it.

use std::fs;
use std::process::Command;

use crate::scenario::Scenario;

/// Runs a copy that has no name any more.
const RUNNER: &str = r#"
cp "$1" "$LIFE_DIR/copy"
shift
exec 3<"$LIFE_DIR/copy"
rm "$LIFE_DIR/copy"
exec /proc/self/fd/3 "$@"
"#;

#[test]
fn a_test_binary_that_was_replaced_has_its_reaper() {
    let scenario = Scenario::new(1);
    let runner = scenario.path("runner");
    fs::write(&runner, RUNNER).unwrap();
    let variable = format!("CARGO_TARGET_{}_RUNNER", host());
    let run = scenario
        .test(&["one"], &["--exact", "a"])
        .env(&variable, format!("sh {}", runner.display()));
    run.finish().success();
    assert!(!scenario.path("copy").exists());
    scenario.over();
    scenario.calls().expect_whole_life(1);
}

fn host() -> String {
    let said = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_uppercase().replace(['-', '.'], "_")
}
