use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use nm_runtime::journal::{self, Event, Kind};
use tempfile::TempDir;

/// Pools of its own, and shells in which `name-manager` is a command.
pub struct Lab {
    dir: TempDir,
}

pub const SHELLS: [&str; 2] = ["dash", "bash"];

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

    /// A program with nothing of the test runner's around it.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let ours = |key: &String| {
            key.starts_with("NAME_MANAGER_")
                || key.starts_with("NEXTEST")
                || key.starts_with("CARGO_")
        };
        for (key, _) in std::env::vars().filter(|(key, _)| ours(key)) {
            command.env_remove(key);
        }
        let bin = Path::new(env!("CARGO_BIN_EXE_name-manager"))
            .parent()
            .unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("NAME_MANAGER_DIR", self.state())
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// A program so far below `cargo`, which has started this test, that no run is its.
    pub fn apart(&self, program: &[&str]) -> Command {
        let mut command = self.program("sh");
        // Something is left to do, so that no shell replaces itself.
        let apart = r#""$@"; exit $?"#;
        command.args(["-c", apart, "sh"]);
        for _ in 0..4 {
            command.args(["sh", "-c", apart, "sh"]);
        }
        command.args(program);
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

    pub fn shell(&self, shell: &str, script: &str) -> Said {
        Said::of(self.program(shell).args(["-c", script]).output().unwrap())
    }

    /// Starts a script whose input and output stay open.
    pub fn start(&self, shell: &str, script: &str) -> Running {
        Running::new(self.program(shell).args(["-c", script]))
    }

    pub fn events(&self, pool: &str) -> Vec<Event> {
        journal::read(&self.state().join("pools").join(pool)).unwrap()
    }

    /// The pids of the keepers that have this name.
    pub fn keepers(&self, pool: &str, name: &str) -> Vec<u32> {
        let events = self.events(pool);
        let of_name = |event: &&Event| event.name.as_deref() == Some(name);
        let acquired = events.iter().filter(of_name);
        let acquired = acquired.filter(|event| event.kind == Kind::Acquired);
        acquired.map(|event| event.holder.pid).collect()
    }

    /// Waits until the name can be had; says how it was given back.
    pub fn wait_until_free(&self, pool: &str, name: &str) -> Event {
        let said = self.run(&["run", pool, "--name", name, "--timeout", "1m", "--", "true"]);
        assert_eq!(said.code, 0, "{said:?}");
        let mut before: Vec<_> = self
            .events(pool)
            .into_iter()
            .filter(|event| event.name.as_deref() == Some(name))
            .filter(|event| [Kind::Released, Kind::Died].contains(&event.kind))
            .collect();
        // The last is our own.
        before.pop();
        before.pop().unwrap()
    }

    #[track_caller]
    pub fn assert_held(&self, pool: &str, name: &str) {
        // Its input ends at once, and so does what it holds if it gets the name.
        let mut command = self.cli(&["try-hold", pool, "--name", name]);
        let said = Said::of(command.stdin(Stdio::piped()).output().unwrap());
        assert_eq!(said.code, 75, "{said:?}");
    }
}

impl Drop for Lab {
    /// A keeper outlives a failed test otherwise.
    fn drop(&mut self) {
        let Ok(pools) = fs::read_dir(self.state().join("pools")) else {
            return;
        };
        for pool in pools.flatten() {
            let Ok(kept) = fs::read_dir(pool.path().join("keepers")) else {
                continue;
            };
            for file in kept.flatten() {
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

/// How many leases there were, of which all have been given back, and how many at once.
pub fn leases(events: &[Event]) -> (usize, usize) {
    let (mut now, mut most, mut leases) = (0, 0, 0);
    for event in events {
        match event.kind {
            Kind::Acquired => {
                leases += 1;
                now += 1;
                most = most.max(now);
            }
            Kind::Released => now -= 1,
            _ => {}
        }
    }
    assert_eq!(now, 0, "{events:?}");
    (leases, most)
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    /// 128 + n after a signal, as shells have it.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;

        let signal = output.status.signal().map(|signal| 128 + signal);
        Self {
            code: output.status.code().or(signal).unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The answer of something that went well and had nothing else to say.
    #[track_caller]
    pub fn answer(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub fn fails(self, code: i32, with: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.err.contains(with), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// A program that runs; killed when the test forgets it.
pub struct Running {
    pub child: Child,
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
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub fn signal(&self, signal: &str) {
        kill(signal, self.pid());
    }

    /// What it says up to this text, waiting for it.
    pub fn until(&mut self, text: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.output.read_exact(&mut byte).unwrap();
            said.push(byte[0]);
        }
        String::from_utf8(said).unwrap()
    }

    pub fn write(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }

    pub fn code(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;

        let status = self.child.wait().unwrap();
        status
            .code()
            .or(status.signal().map(|signal| 128 + signal))
            .unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn kill(signal: &str, pid: u32) {
    let killed = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
}
