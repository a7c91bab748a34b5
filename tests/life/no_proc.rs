//! Hooks where `/proc` is not mounted, as in some sandboxes.

use std::fs;
use std::process::Command;

use crate::scenario::Scenario;
use crate::skip;

#[test]
fn hooks_run_without_proc() {
    let scenario = Scenario::new(2);
    let script = scenario.path("without");
    fs::write(&script, "mount -t tmpfs none /proc && exec \"$@\"\n").unwrap();
    let runner = ["unshare", "--mount", "sh", script.to_str().unwrap()];
    let mut tried = Command::new(runner[0]);
    let tried = tried.args(&runner[1..]).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        skip::because("`unshare --mount` needs root");
        return;
    }
    let rustc = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let rustc = String::from_utf8(rustc).unwrap();
    let mut host = rustc.lines().filter_map(|line| line.strip_prefix("host: "));
    let host = host.next().unwrap().to_ascii_uppercase().replace('-', "_");
    let test = scenario.test(&["one"], &["--test-threads=4"]);
    test.env(&format!("CARGO_TARGET_{host}_RUNNER"), runner.join(" "))
        .finish()
        .success();
    scenario.over();
    scenario.calls().expect_whole_life(8);
}
