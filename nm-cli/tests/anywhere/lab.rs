use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use nm_runtime::journal::{self, Event, Kind};
use tempfile::TempDir;

/// Pools of its own.
pub struct Lab {
    dir: TempDir,
}

pub const NAME_MANAGER: &str = env!("CARGO_BIN_EXE_name-manager");

impl Lab {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    /// A program with nothing of the test runner's around it, whose panics are
    /// as short as hooks' outputs are told.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            let ours = ["NAME_MANAGER_", "NEXTEST", "CARGO_"];
            if ours.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&key);
            }
        }
        command
            .env("NAME_MANAGER_DIR", self.state())
            .env("RUST_BACKTRACE", "0")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    pub fn cli(&self, args: &[&str]) -> Command {
        let mut command = self.program(NAME_MANAGER);
        command.args(args);
        command
    }

    /// So far below `cargo`, which may have started this test, that no run is its.
    pub fn apart(&self, args: &[&str]) -> Command {
        if cfg!(windows) {
            return self.cli(args);
        }
        let mut command = self.program("sh");
        // Something is left to do, so that no shell replaces itself.
        let apart = r#""$@"; exit $?"#;
        command.args(["-c", apart, "sh"]);
        for _ in 0..4 {
            command.args(["sh", "-c", apart, "sh"]);
        }
        command.arg(NAME_MANAGER).args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        Said::of(self.cli(args).output().unwrap())
    }

    pub fn events(&self, pool: &str) -> Vec<Event> {
        journal::read(&self.state().join("pools").join(pool)).unwrap()
    }

    /// Waits until the name can be had; returns how it was given back before.
    #[track_caller]
    pub fn last_end(&self, pool: &str, name: &str) -> Event {
        let mut hold = Running::new(&mut self.cli(&["hold", pool, "--name", name]));
        assert_eq!(hold.line(), name);
        let ends = |event: &Event| [Kind::Released, Kind::Died].contains(&event.kind);
        let last = self.events(pool).into_iter().rfind(ends).unwrap();
        hold.end_input();
        assert_eq!(hold.code(), 0);
        last
    }

    #[track_caller]
    pub fn assert_held(&self, pool: &str, name: &str) {
        let said = self.run(&["try-hold", pool, "--name", name]);
        assert_eq!(said.code, 75, "{said:?}");
    }

    /// The process that has acquired a name last.
    pub fn holder(&self, pool: &str) -> u32 {
        let acquired = |event: &Event| event.kind == Kind::Acquired;
        let last = self.events(pool).into_iter().rfind(acquired);
        last.unwrap().holder.pid
    }
}

impl Drop for Lab {
    /// A keeper outlives a failed test otherwise.
    fn drop(&mut self) {
        let pools = fs::read_dir(self.state().join("pools"));
        for pool in pools.into_iter().flatten().flatten() {
            let kept = fs::read_dir(pool.path().join("keepers"));
            for file in kept.into_iter().flatten().flatten() {
                let file = file.file_name().into_string().unwrap_or_default();
                let stem = file.strip_suffix(".json").unwrap_or_default();
                if let Some((name, _)) = stem.rsplit_once('.') {
                    let pool = pool.file_name().into_string().unwrap_or_default();
                    self.run(&["release", "--force", &pool, name]);
                }
            }
        }
    }
}

/// Ends a process that is no child.
pub fn kill(pid: u32) {
    let pid = pid.to_string();
    let (program, args) = match cfg!(windows) {
        true => ("taskkill", ["/F", "/PID", &pid]),
        false => ("kill", ["-s", "KILL", &pid]),
    };
    let killed = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .status();
    assert!(killed.unwrap().success());
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn succeeds(&self) {
        assert_eq!(self.code, 0, "{self:?}");
    }

    #[track_caller]
    pub fn fails(&self, code: i32, with: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(with), "{self:?}");
    }
}

/// A program that runs; killed when the test forgets it.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    pub fn new(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its next line, waiting for it.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.output.read_line(&mut line).unwrap();
        assert!(length > 0, "it has ended");
        line.trim_end().to_owned()
    }

    /// What it says from here on, to its end.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        rest
    }

    pub fn write(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn code(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, perhaps.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
