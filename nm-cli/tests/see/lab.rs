use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use tempfile::TempDir;

/// Pools of its own.
pub struct Lab {
    dir: TempDir,
}

pub const VIEWS: [&str; 5] = ["status", "log", "timeline", "stats", "doctor"];

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

    /// A file of pool `db`, locked as if by a process that lives.
    pub fn locked(&self, file: &str) -> File {
        let path = self.pool("db").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(path).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        file
    }

    pub fn pool(&self, pool: &str) -> PathBuf {
        self.state().join("pools").join(pool)
    }

    /// A program with nothing of the test runner's around it.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let ours = |key: &String| {
            let prefixes = ["NAME_MANAGER_", "NEXTEST", "CARGO_", "CLICOLOR"];
            prefixes.iter().any(|prefix| key.starts_with(prefix))
        };
        for (key, _) in std::env::vars().filter(|(key, _)| ours(key)) {
            command.env_remove(key);
        }
        let bin = Path::new(env!("CARGO_BIN_EXE_name-manager"));
        let path = std::env::var("PATH").unwrap_or_default();
        let dir = bin.parent().unwrap().display();
        command
            .env("PATH", format!("{dir}:{path}"))
            .env("NAME_MANAGER_DIR", self.state())
            .env("NAME_MANAGER_POOL_DB_MAX", "1")
            .env("TZ", "UTC")
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    pub fn cli(&self, args: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_name-manager"));
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        Said::of(self.cli(args).output().unwrap())
    }

    /// What a view says with `--json`.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[args, &["--json"]].concat());
        assert_eq!(said.code, 0, "{said:?}");
        let value: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(value["version"], 1);
        value
    }

    pub fn shell(&self, script: &str) -> Said {
        Said::of(self.program("bash").args(["-c", script]).output().unwrap())
    }

    /// In a terminal of that many columns; what it shows, escape sequences and all.
    pub fn in_terminal(&self, columns: usize, script: &str) -> Said {
        let script = format!("stty cols {columns} rows 24; {script}");
        let mut command = self.program("script");
        // Its own input is the terminal's: without any, it would end at once.
        command
            .args(["-qec", &script, "/dev/null"])
            .env("SHELL", "/bin/bash");
        Said::of(command.output().unwrap())
    }

    pub fn start(&self, args: &[&str]) -> Running {
        Running::new(&mut self.cli(args))
    }

    /// Somebody who holds a name of `db`, until let go.
    pub fn hold(&self) -> Running {
        let mut holder = self.start(&["hold", "db"]);
        assert_eq!(holder.line(), "db-0");
        holder
    }

    /// Somebody who waits for `db`; back when that is in the journal.
    pub fn wait(&self, command: &str) -> Running {
        let mut log = self.start(&["log", "--follow", "--json", "--kind", "waiting"]);
        let waiter = self.start(&["run", "db", "--", command]);
        let pid = Value::from(waiter.child.id());
        while log.json()["pid"] != pid {}
        waiter
    }
}

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
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A process whose input and output stay open; killed when dropped.
pub struct Running {
    pub child: Child,
    pub input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    pub fn new(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// The next line of its output.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).unwrap();
        assert!(read > 0, "it ended");
        line.trim_end().to_owned()
    }

    #[track_caller]
    pub fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Reads on until a line has this in it.
    #[track_caller]
    pub fn until(&mut self, part: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Whatever it says next.
    #[track_caller]
    pub fn chunk(&mut self) -> String {
        let chunk = self.output.fill_buf().unwrap();
        assert!(!chunk.is_empty(), "it ended");
        let text = String::from_utf8_lossy(chunk).into_owned();
        let read = chunk.len();
        self.output.consume(read);
        text
    }

    pub fn code(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
