//! This program as an agent, or as a process that holds a name.

use std::env;
use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::process::{Process, join};

const ROLE: &str = "NM_AGENT_TEST_ROLE";
const DIR: &str = "NM_AGENT_TEST_DIR";
const ADDRESS: &str = "NM_AGENT_TEST_ADDRESS";

/// A child, which is killed if it drops.
pub struct Started {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    /// Its end ends the child.
    _stdin: ChildStdin,
}

impl Started {
    pub fn agent(dir: &Path, host: &str, address: &str) -> Self {
        Self::start("agent", dir, host, address)
    }

    /// A process that joins the line for the pool's name, says what it is told, and waits.
    pub fn process(dir: &Path, name: &str) -> Self {
        Self::start("process", dir, name, "")
    }

    fn start(role: &str, dir: &Path, host: &str, address: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["child::child", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(DIR, dir)
            .env(ADDRESS, address)
            .env("NAME_MANAGER_HOST", host)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            lines: BufReader::new(child.stdout.take().unwrap()),
            _stdin: child.stdin.take().unwrap(),
            child,
        }
    }

    /// Its next line in braces: libtest writes others.
    pub fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "it ended");
            if let Some(at) = line.find('{') {
                return line[at..].trim().to_owned();
            }
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what a child does.
#[test]
fn child() {
    let Some(role) = env::var_os(ROLE) else {
        return;
    };
    let dir = PathBuf::from(env::var_os(DIR).unwrap());
    if role == "agent" {
        // Ends with whoever has started it.
        std::thread::spawn(|| {
            let _ = stdin().read(&mut [0]);
            std::process::exit(0);
        });
        let address = env::var(ADDRESS).unwrap();
        let served = nm_agent::serve(&dir, &address, &mut stdout());
        std::process::exit(i32::from(served.is_err()));
    }
    let mut process = Process::connect(&dir);
    let token = process.token();
    let test = env::var("NAME_MANAGER_HOST").unwrap();
    let id = process.ask(join(&token, &test));
    loop {
        let answer = process.answer(id);
        println!("{{{answer:?}");
        stdout().flush().unwrap();
        if format!("{answer:?}").starts_with("Granted") {
            break;
        }
    }
    let _ = stdin().read(&mut [0]);
}
