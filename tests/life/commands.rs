//! Hooks that are commands mean for tests without a `Resource` what one means: over real
//! `cargo test` and `cargo nextest run`, alone and beside `name-manager run`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::command::{Command, Finished, has_nextest, wait_until};
use crate::program::program;
use crate::project::{Project, package, workspace};
#[cfg(target_os = "linux")]
use crate::signal;

const HOOKS: &str = r#"
[workspace.metadata.name-manager.pools.db]
max = 2
[workspace.metadata.name-manager.pools.db.hooks]
setup = 'echo up >"$COMMANDS_DIR/server"; echo setup >>"$COMMANDS_DIR/told"'
init = 'test -z "$COMMANDS_HANG" || { echo $$ >"$COMMANDS_DIR/hangs"; sleep 1000; }; test -e "$COMMANDS_DIR/server" && echo fresh >"$COMMANDS_DIR/{name}.db"; echo init {name} >>"$COMMANDS_DIR/told"'
reset = './reset {name}'
cleanup = ["./cleanup", "{name}"]
teardown = 'rm "$COMMANDS_DIR/server"; echo teardown >>"$COMMANDS_DIR/told"'
"#;

const RESET: &str = r#"#!/bin/sh
echo fresh >"$COMMANDS_DIR/$1.db"
echo "reset $1 $NAME_MANAGER_RESET $NAME_MANAGER_LAST_TEST: $NAME_MANAGER_LAST_HOW" >>"$COMMANDS_DIR/told"
"#;

const CLEANUP: &str = r#"#!/bin/sh
rm "$COMMANDS_DIR/$1.db"
echo cleanup $1 >>"$COMMANDS_DIR/told"
"#;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let project = Project::new(
        "commands",
        &[
            ("Cargo.toml", workspace(&["app"]) + HOOKS),
            ("app/Cargo.toml", package("app")),
            ("app/src/lib.rs", String::new()),
            ("reset", RESET.to_owned()),
            ("cleanup", CLEANUP.to_owned()),
            (
                "app/tests/plain.rs",
                include_str!("crates/plain.rs").to_owned(),
            ),
            (
                "app/tests/both.rs",
                include_str!("crates/both.rs").to_owned(),
            ),
        ],
    );
    for script in ["reset", "cleanup"] {
        let path = project.path(script);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, executable).unwrap();
    }
    project
});

/// One run's directory.
struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        Self(TempDir::with_prefix("name-manager-commands-").unwrap())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn with(&self, command: Command) -> Command {
        command
            .env("COMMANDS_DIR", self.0.path())
            .env("NAME_MANAGER_DIR", self.path("state"))
    }

    fn cargo(&self, args: &[&str]) -> Command {
        self.with(PROJECT.cargo(args))
    }

    fn told(&self) -> Vec<String> {
        let told = fs::read_to_string(self.path("told")).unwrap_or_default();
        told.lines().map(str::to_owned).collect()
    }

    /// Waits until the run is over, and checks that each hook was called as often as it must,
    /// and for each of so many bodies.
    #[track_caller]
    fn has_a_whole_life(&self, bodies: usize) {
        wait_until("teardown", || {
            self.told().last().is_some_and(|last| last == "teardown")
        });
        let told = self.told();
        let of = |hook: &str| told.iter().filter(|line| line.starts_with(hook)).count();
        assert_eq!((of("setup"), of("teardown")), (1, 1), "{told:?}");
        assert_eq!(told[0], "setup", "{told:?}");
        let names = ["db-0", "db-1"].iter();
        let inits = |name: &&&str| of(&format!("init {name}")) > 0;
        for name in names.filter(inits) {
            assert_eq!(of(&format!("init {name}")), 1, "{told:?}");
            assert_eq!(of(&format!("cleanup {name}")), 1, "{told:?}");
            assert!(!self.path(&format!("{name}.db")).exists());
        }
        assert_eq!(of("init") + of("reset"), bodies, "{told:?}");
        assert!(!self.path("server").exists());
    }
}

#[test]
fn tests_without_a_resource_have_them_under_cargo_test() {
    let lab = Lab::new();
    let test = lab.cargo(&["test", "--test", "plain", "--", "--test-threads=4"]);
    test.finish().success();
    lab.has_a_whole_life(9);
}

#[test]
fn tests_without_a_resource_have_them_under_nextest() {
    if !has_nextest() {
        return;
    }
    let lab = Lab::new();
    let run = lab.cargo(&["nextest", "run", "--test", "plain", "-j4"]);
    let run = run.finish().success();
    assert!(!run.stderr.contains("leak"), "{run}");
    lab.has_a_whole_life(9);
}

#[test]
fn a_run_and_tests_share_one_life_and_tell_each_other_how_it_went() {
    let lab = Lab::new();
    let run = lab.run(
        r#"
        "$NM" run db --name db-0 -- sh -c 'exit 3'
        COMMANDS_FAIL=1 "$CARGO" test --test plain -- --test-threads=1
        "$NM" run db --name db-0 -- grep -q fresh "$COMMANDS_DIR/db-0.db"
        "#,
    );
    run.success();
    // All is cleaned up when it returns.
    assert_eq!(lab.told().last().unwrap(), "teardown");
    lab.has_a_whole_life(11);
    let told = lab.told();
    let dirty: Vec<_> = told.iter().filter(|line| line.contains("dirty")).collect();
    assert_eq!(
        dirty,
        [
            "reset db-0 dirty sh -c exit 3: its command exited with 3",
            "reset db-0 dirty plain::fails_if_it_is_told_to: its test panicked",
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_test_that_is_killed_in_init_leaves_no_hook_that_goes_on() {
    let lab = Lab::new();
    let test = lab.cargo(&["test", "--test", "plain", "--", "--test-threads=1"]);
    let test = test.env("COMMANDS_HANG", "1").start();
    let hangs = || fs::read_to_string(lab.path("hangs")).unwrap_or_default();
    wait_until("the hook hangs", || hangs().ends_with('\n'));
    let hook: u32 = hangs().trim().parse().unwrap();
    // Its parent watches over it, for the test's process.
    signal::kill(parent(parent(hook)));
    test.finish().failure();
    wait_until("teardown", || {
        lab.told().last().is_some_and(|last| last == "teardown")
    });
    assert!(!Path::new("/proc").join(hook.to_string()).exists());
    assert_eq!(lab.told(), ["setup", "cleanup db-0", "teardown"]);
}

#[cfg(target_os = "linux")]
fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit(") ").next().unwrap();
    after.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_pool_that_has_both_is_refused_with_both_places() {
    let lab = Lab::new();
    let test = lab.cargo(&["test", "--test", "both"]);
    let manifest = PROJECT.path("Cargo.toml");
    let line = 1
        + (workspace(&["app"]) + HOOKS)
            .lines()
            .position(|line| line.contains(".hooks]"))
            .unwrap();
    test.finish().failure().says(&[
        "pool `db` has a `Resource` at app/tests/both.rs:8 and hooks that are commands at",
        &format!("{}:{line}:", manifest.display()),
        "keep one of them",
    ]);
    assert_eq!(lab.told(), [""; 0]);
}

impl Lab {
    /// `name-manager run -- sh -c SCRIPT`, so far below `cargo` that it is a run of its own.
    fn run(&self, script: &str) -> Finished {
        let name_manager = program();
        let mut command = Command::cargo_of("sh", PROJECT.root());
        for shell in 0..4 {
            let first: &[&str] = if shell == 0 { &[] } else { &["sh"] };
            // Something is left to do, so that no shell replaces itself.
            command = command.args(first).args(&["-c", r#""$@"; exit $?"#, "sh"]);
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let command = command
            .arg(name_manager)
            .args(&["run", "--", "sh", "-c", script]);
        let command = command.env("CARGO", cargo).env("NM", name_manager);
        self.with(command).finish()
    }
}
