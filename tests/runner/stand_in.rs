//! What stands in for Cargo.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::executable;

/// As what the tests are run.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Two binaries, one after the other, as by Cargo.
    Together,
    /// A process for each test, as by nextest.
    Each,
    /// One test, which holds what it has until its input ends.
    Held,
}

/// A runner, seen from the test that started it.
pub struct Runner {
    child: Child,
    output: PathBuf,
}

impl Runner {
    /// Starts it, with a state directory of its own in this one.
    pub fn start(dir: &Path, mode: Mode, stdin: Stdio) -> Self {
        let own = env::current_exe().unwrap();
        let mut cargo = dir.join("cargo");
        if let Some(kind) = own.extension() {
            cargo.set_extension(kind);
        }
        executable::write(&cargo, File::open(&own).unwrap());
        let output = dir.join("output");
        let log = File::create(&output).unwrap();
        let mut command = Command::new(cargo);
        for (key, _) in env::vars_os() {
            let key = key.to_string_lossy().into_owned();
            if key.starts_with("NAME_MANAGER_") || key.starts_with("NEXTEST") {
                command.env_remove(key);
            }
        }
        let child = command
            .args(["cargo", "--exact", "--ignored", "--nocapture"])
            .env("NAME_MANAGER_DIR", dir.join("state"))
            .env("RUNNER_DIR", dir)
            .env("RUNNER_MODE", format!("{mode:?}"))
            .env("RUNNER_TESTS", own)
            .stdin(stdin)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, output }
    }

    /// Whether all tests have passed.
    pub fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    pub fn said(&self) -> String {
        crate::text(&self.output)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // Ended already, unless the test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the tests, in the process that stands in.
pub fn run() {
    #[cfg(windows)]
    nm_runtime::windows::end_children_with_us().unwrap();
    match env::var("RUNNER_MODE").unwrap().as_str() {
        "Together" => {
            run_tests(&["hooks::suite::"], &[]);
            run_tests(&["hooks::suite::"], &[]);
        }
        "Each" => {
            let id = format!("run-{}", std::process::id());
            let env = [("NEXTEST", "1"), ("NEXTEST_RUN_ID", &id)];
            for test in ["one", "another", "one", "another"] {
                run_tests(&["--exact", &format!("hooks::suite::{test}")], &env);
            }
        }
        _ => run_tests(&["--exact", "hooks::holds"], &[]),
    }
}

fn run_tests(arguments: &[&str], env: &[(&str, &str)]) {
    let mut command = Command::new(env::var_os("RUNNER_TESTS").unwrap());
    command.args(arguments).arg("--ignored");
    command.envs(env.iter().copied());
    command.stdin(Stdio::inherit());
    // Reads both to the end.
    let ran = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = ran.spawn().unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("test result: ok"), "{said}");
}
