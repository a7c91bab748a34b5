//! One test's state directory, and the runs in it.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nm_runtime::journal::Kind;
use nm_runtime::record::Record;
use tempfile::TempDir;

use crate::calls::Calls;
use crate::command::{Command, wait_until};
use crate::history::History;
use crate::program::program;
use crate::project::{Project, package, workspace};
use crate::signal;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let crowd = || include_str!("crates/crowd.rs").to_owned();
    Project::new(
        "life",
        &[
            ("Cargo.toml", workspace(&["app"])),
            ("app/Cargo.toml", package("app") + TOKIO),
            ("app/src/lib.rs", include_str!("crates/app.rs").to_owned()),
            ("app/tests/one.rs", crowd()),
            ("app/tests/two.rs", crowd()),
            ("app/tests/three.rs", crowd()),
            (
                "app/tests/asynchronous.rs",
                include_str!("crates/asynchronous.rs").to_owned(),
            ),
            (
                "app/tests/given.rs",
                include_str!("crates/given.rs").to_owned(),
            ),
            (
                "app/tests/panics.rs",
                include_str!("crates/panics.rs").to_owned(),
            ),
            (
                "app/tests/slots.rs",
                include_str!("crates/slots.rs").to_owned(),
            ),
            (
                "app/tests/several.rs",
                include_str!("crates/several.rs").to_owned(),
            ),
            (
                "app/tests/twice.rs",
                include_str!("crates/twice.rs").to_owned(),
            ),
            (
                "app/tests/readers.rs",
                include_str!("crates/readers.rs").to_owned(),
            ),
        ],
    )
});

const TOKIO: &str = r#"
tokio = { version = "1", default-features = false, features = ["macros", "rt-multi-thread"] }
"#;

pub struct Scenario {
    dir: TempDir,
    max: usize,
}

impl Scenario {
    /// With so many names.
    pub fn new(max: usize) -> Self {
        let dir = TempDir::with_prefix("name-manager-life-").unwrap();
        Self { dir, max }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// `cargo test` of these binaries, `args` for each of them.
    pub fn test(&self, binaries: &[&str], args: &[&str]) -> Command {
        let mut command = PROJECT.cargo(&["test", "--no-fail-fast"]);
        for binary in binaries {
            command = command.args(&["--test", binary]);
        }
        self.with(command.arg("--").args(args))
    }

    /// `cargo nextest run` of these binaries.
    pub fn nextest(&self, binaries: &[&str], args: &[&str]) -> Command {
        let mut command = PROJECT.cargo(&["nextest", "run", "--no-fail-fast"]);
        for binary in binaries {
            command = command.args(&["--test", binary]);
        }
        self.with(command.args(args))
    }

    /// `name-manager` with these arguments, built like the tests.
    pub fn name_manager(&self, args: &[&str]) -> Command {
        let command = Command::cargo_of(program(), PROJECT.root()).args(args);
        self.with(command)
    }

    /// `name-manager run OPTION.. -- sh -c SCRIPT` as from a shell: `cargo`, which has started
    /// this test, is too far above for the run to be its. The script finds `$CARGO` and `$NM`;
    /// what the variable `BEFORE` says, the shell does before.
    pub fn run(&self, options: &[&str], script: &str) -> Command {
        let mut command = Command::cargo_of("sh", PROJECT.root());
        for shell in 0..4 {
            let first: &[&str] = if shell == 0 { &[] } else { &["sh"] };
            // Something is left to do, so that no shell replaces itself.
            let script = r#"eval "$BEFORE"; "$@"; code=$?; echo it exited with $code; exit $code"#;
            command = command.args(first).args(&["-c", script, "sh"]);
        }
        let command = command.arg(program()).arg("run").args(options);
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let command = command.args(&["--", "sh", "-c", script]);
        self.with(
            command
                .env("BEFORE", "")
                .env("CARGO", cargo)
                .env("NM", program()),
        )
    }

    fn with(&self, command: Command) -> Command {
        command
            .env("LIFE_DIR", self.dir.path())
            .env("NAME_MANAGER_DIR", self.path("state"))
            .env("NAME_MANAGER_POOL_DB_MAX", self.max.to_string())
    }

    /// Lets those go on that wait for this.
    pub fn go(&self, who: &str) {
        fs::write(self.path(&format!("go.{who}")), "").unwrap();
    }

    pub fn calls(&self) -> Calls {
        Calls::read(&self.path("calls"))
    }

    /// Waits until something has begun so many times.
    #[track_caller]
    pub fn until_started(&self, what: &str, times: usize) {
        wait_until(&format!("{what} begins"), || {
            self.calls().started(what).count() >= times
        });
    }

    fn pool(&self) -> PathBuf {
        self.path("state/pools/db")
    }

    pub fn history(&self) -> History {
        History::read(&self.pool())
    }

    pub fn record(&self, name: &str) -> Record {
        let file = self.names_file(&format!("{name}.json"));
        Record::parse(&fs::read(file).unwrap()).unwrap()
    }

    pub fn names_file(&self, file: &str) -> PathBuf {
        self.pool().join("names").join(file)
    }

    /// Waits until the reapers have done their work: every run is over, and no
    /// process of any is left.
    #[track_caller]
    pub fn over(&self) {
        wait_until("every process has ended", || self.processes().is_empty());
        assert_eq!(self.runs(), 0, "a reaper did not end its work");
    }

    /// How many runs are not over.
    pub fn runs(&self) -> usize {
        self.runs_with("reaper")
    }

    /// How many runs have a note of what is to be cleaned up, or was left.
    pub fn notes(&self) -> usize {
        self.runs_with("json")
    }

    fn runs_with(&self, kind: &str) -> usize {
        let runs = fs::read_dir(self.pool().join("runs")).unwrap();
        let is_one = |entry: &DirEntry| entry.path().extension() == Some(kind.as_ref());
        runs.filter(|entry| is_one(entry.as_ref().unwrap())).count()
    }

    /// How many requests gave up.
    pub fn timed_out(&self) -> usize {
        self.history().count(Kind::Timeout)
    }

    /// The reapers that stand by or work.
    pub fn reapers(&self) -> Vec<u32> {
        let is_one = |pid: &u32| {
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ
                .split(|byte| *byte == 0)
                .any(|v| v.starts_with(b"NAME_MANAGER_MODE="))
        };
        self.processes().into_iter().filter(is_one).collect()
    }

    /// Kills them, and waits until they hold nothing any more.
    #[track_caller]
    pub fn kill_reapers(&self) {
        for reaper in self.reapers() {
            signal::kill(reaper);
            let is_gone = || {
                let stat = fs::read_to_string(format!("/proc/{reaper}/stat"));
                stat.map_or(true, |stat| stat.contains(") Z "))
            };
            wait_until("the reaper is gone", is_gone);
        }
    }

    /// The processes, reapers too, that have this scenario's variables.
    pub fn processes(&self) -> Vec<u32> {
        let wanted = format!("LIFE_DIR={}", self.dir.path().display());
        let has = |environ: Vec<u8>| {
            environ
                .split(|byte| *byte == 0)
                .any(|v| v == wanted.as_bytes())
        };
        let pid = |path: &Path| path.file_name()?.to_str()?.parse().ok();
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let pid = pid(&path)?;
                has(fs::read(path.join("environ")).ok()?).then_some(pid)
            })
            .collect()
    }
}
