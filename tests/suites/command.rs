//! A child process, with an environment that does not know of this test.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{self, Child, ChildStderr, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::place;

pub struct Command(process::Command);

impl Command {
    /// A program, in this directory.
    pub fn new(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        let mut command = process::Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        for (key, _) in std::env::vars_os() {
            if is_inherited_by_mistake(&key.to_string_lossy()) {
                command.env_remove(key);
            }
        }
        Self(command)
    }

    /// The cargo that runs this test.
    pub fn cargo(dir: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::cargo_of(cargo, dir)
    }

    /// A program that runs cargo.
    pub fn cargo_of(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        Self::new(program, dir)
            .env("CARGO_TARGET_DIR", place::target())
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_NET_OFFLINE", "true")
            .env("RUST_BACKTRACE", "0")
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: &[S]) -> Self {
        self.0.args(args);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    /// With a standard input on which nothing comes, as long as it is not finished.
    pub fn with_silent_input(mut self) -> Self {
        self.0.stdin(Stdio::piped());
        self
    }

    /// As a shell starts it: Ctrl-C goes to it and to what it starts.
    #[cfg(unix)]
    pub fn in_its_own_group(mut self) -> Self {
        std::os::unix::process::CommandExt::process_group(&mut self.0, 0);
        self
    }

    /// Runs it to its end.
    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    fn shown(&self) -> String {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        let dir = self.0.get_current_dir().unwrap_or(Path::new(""));
        format!("`{}` in {}", words.join(" "), dir.display())
    }

    /// Starts it; [`Started::wait_for_line`] reads along.
    pub fn start(mut self) -> Started {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = self.shown();
        let mut child = self
            .0
            .spawn()
            .unwrap_or_else(|error| panic!("failed to start {shown}: {error}"));
        let mut stdout = child.stdout.take().unwrap();
        let stdout = thread::spawn(move || {
            let mut text = Vec::new();
            stdout.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        Started {
            shown,
            stderr: BufReader::new(child.stderr.take().unwrap()),
            so_far: String::new(),
            stdout,
            child,
        }
    }
}

/// Cargo, nextest and libtest tell their children about themselves.
fn is_inherited_by_mistake(key: &str) -> bool {
    let prefixes = [
        "CARGO_",
        "GIT_DIR",
        "GIT_INDEX_",
        "GIT_WORK_",
        "NAME_MANAGER_",
        "NEXTEST",
        "RUST_TEST_",
        "XDG_STATE_",
    ];
    key != "CARGO_HOME" && prefixes.iter().any(|prefix| key.starts_with(prefix))
}

/// A running process.
pub struct Started {
    shown: String,
    child: Child,
    stderr: BufReader<ChildStderr>,
    so_far: String,
    stdout: thread::JoinHandle<String>,
}

impl Started {
    /// Reads standard error until a line contains this.
    pub fn wait_for_line(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            if self.stderr.read_line(&mut line).unwrap() == 0 {
                panic!("{} ended without {text:?}:\n{}", self.shown, self.so_far);
            }
            self.so_far.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn finish(mut self) -> Finished {
        let mut rest = Vec::new();
        self.stderr.read_to_end(&mut rest).unwrap();
        self.so_far.push_str(&String::from_utf8_lossy(&rest));
        Finished {
            shown: self.shown,
            success: self.child.wait().unwrap().success(),
            stdout: self.stdout.join().unwrap(),
            stderr: self.so_far,
        }
    }
}

/// What a process did.
pub struct Finished {
    shown: String,
    success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.success, "{self}");
        self
    }

    #[track_caller]
    pub fn failure(self) -> Self {
        assert!(!self.success, "succeeded: {self}");
        self
    }

    /// Both streams contain, together, each of these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            let said = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(said, "does not say {text:?}: {self}");
        }
        self
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            shown,
            stdout,
            stderr,
            ..
        } = self;
        write!(
            f,
            "{shown}\n--- standard output\n{stdout}\n--- standard error\n{stderr}"
        )
    }
}

/// Whether cargo-nextest is here. On a build machine it must be.
pub fn has_nextest() -> bool {
    let found = Command::cargo(&place::base())
        .args(&["nextest", "--version"])
        .finish();
    if !found.success {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "cargo-nextest is not installed");
        println!("skipped: cargo-nextest is not installed");
    }
    found.success
}

/// Waits until something is so; the bound only ends a test that would hang.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < bound, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
