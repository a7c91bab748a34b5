//! `examples/postgres`, really run: over a real server, of which nothing is left.

#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/command.rs"]
mod command;
#[allow(dead_code, reason = "tests/life uses the rest")]
#[path = "support/kernel.rs"]
mod kernel;
#[allow(dead_code, reason = "tests/suites uses the rest")]
#[path = "suites/place.rs"]
mod place;
#[allow(dead_code, reason = "tests/life uses the rest")]
#[path = "life/signal.rs"]
mod signal;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use command::{Command, has_nextest, wait_until};
use tempfile::TempDir;

/// A state directory and a temporary directory for one test.
struct Place(TempDir);

/// A process that was started with this place.
struct Process {
    pid: u32,
    is_reaper: bool,
    program: String,
}

impl Place {
    fn new() -> Self {
        // Short, for the sake of the server's socket, and open to its user.
        let dir = TempDir::with_prefix_in("nm-", "/tmp").unwrap();
        let place = Self(dir);
        fs::create_dir(place.temporary()).unwrap();
        for path in [place.0.path(), &place.temporary()] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        place
    }

    fn temporary(&self) -> PathBuf {
        self.0.path().join("tmp")
    }

    fn cargo(&self, args: &[&str]) -> Command {
        // Built where the temporary directory of this place does not matter.
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/postgres");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("postgres");
        let cargo = || {
            Command::cargo(&example)
                .env("CARGO_TARGET_DIR", &target)
                .env("CARGO_NET_OFFLINE", "false")
        };
        cargo().args(&["test", "--no-run"]).finish().success();
        cargo()
            .args(args)
            .env("TMPDIR", self.temporary())
            .env("NAME_MANAGER_DIR", self.0.path().join("state"))
    }

    fn processes(&self) -> Vec<Process> {
        let wanted = format!("TMPDIR={}", self.temporary().display());
        let look = |path: &Path| {
            let pid = path.file_name()?.to_str()?.parse().ok()?;
            let environ = fs::read(path.join("environ")).ok()?;
            let mut variables = environ.split(|byte| *byte == 0);
            variables.clone().find(|text| *text == wanted.as_bytes())?;
            Some(Process {
                pid,
                is_reaper: variables.any(|text| text.starts_with(b"NAME_MANAGER_MODE=")),
                program: fs::read_to_string(path.join("comm")).ok()?,
            })
        };
        let entries = fs::read_dir("/proc").unwrap();
        entries
            .filter_map(|entry| look(&entry.ok()?.path()))
            .collect()
    }

    fn has_server(&self) -> bool {
        let is_server = |process: &Process| process.program.starts_with("postgres");
        self.processes().iter().any(is_server)
    }

    /// Kills the runner and its tests, and their reaper too, but not the server.
    fn kill(&self, reaper: bool) {
        for process in self.processes() {
            let is_server = process.program.starts_with("postgres");
            if !is_server && (reaper || !process.is_reaper) {
                signal::kill(process.pid);
            }
        }
    }

    #[track_caller]
    fn expect_nothing_left(&self) {
        wait_until("all processes have ended", || self.processes().is_empty());
        let left: Vec<_> = fs::read_dir(self.temporary()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Where it is not, the example is skipped; on a build machine it must be.
fn has_postgres() -> bool {
    let debian = fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut found| found.next().is_some());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = debian || std::env::split_paths(&path).any(|dir| dir.join("initdb").is_file());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(found || !ci, "PostgreSQL is not installed");
    if !found {
        println!("skipped: PostgreSQL is not installed");
    }
    found
}

#[test]
fn every_test_passes_and_nothing_is_left() {
    if !has_postgres() {
        return;
    }
    let place = Place::new();
    let run = place.cargo(&["test"]).finish().success();
    assert!(!run.stderr.contains("SKIPPED"), "{run}");
    place.expect_nothing_left();
    if has_nextest() {
        let run = place.cargo(&["nextest", "run"]).finish().success();
        assert!(!run.stderr.contains("leak"), "{run}");
        place.expect_nothing_left();
    }
}

const STAYS: [&str; 5] = ["test", "--test", "accounts", "--", "--ignored"];

#[test]
fn nothing_is_left_of_a_run_that_was_killed() {
    if !has_postgres() {
        return;
    }
    let place = Place::new();
    let run = place.cargo(&STAYS).with_silent_input();
    let mut run = run.start();
    run.wait_for_line("the bank is open");
    assert!(place.has_server());
    place.kill(false);
    run.finish().failure();
    place.expect_nothing_left();
}

#[test]
fn what_a_killed_reaper_left_is_removed_by_the_next_run() {
    if !has_postgres() {
        return;
    }
    let place = Place::new();
    let run = place.cargo(&STAYS).with_silent_input();
    let mut run = run.start();
    run.wait_for_line("the bank is open");
    place.kill(true);
    run.finish().failure();
    assert!(place.has_server());
    place.cargo(&["test"]).finish().success();
    place.expect_nothing_left();
}

#[test]
fn where_there_is_no_postgres_it_says_so() {
    let place = Place::new();
    let run = || {
        let run = place.cargo(&["test"]).env("POSTGRES_BIN", "/nonexistent");
        run.env("CI", "false")
    };
    run()
        .finish()
        .success()
        .says(&["SKIPPED: all of these tests", "apt-get install postgresql"]);
    let told = "found no PostgreSQL, and CI skips nothing; install PostgreSQL";
    run().env("CI", "true").finish().failure().says(&[told]);
    place.expect_nothing_left();
}
