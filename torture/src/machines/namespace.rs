//! Network namespaces, with their own addresses: each is there as long as the process that
//! was started for it, which ends with this one.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::result::Result;

/// One.
#[derive(Debug)]
pub struct Namespace {
    child: Child,
    /// Its end ends the child.
    stdin: Option<ChildStdin>,
}

impl Namespace {
    pub fn new() -> Result<Self> {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--", "sh", "-c"])
            .arg("ip link set lo up && echo up && read word")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if line != "up\n" {
            let mut why = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut why)?;
            }
            child.wait()?;
            return Err(format!("no network namespace: {}", why.trim()).into());
        }
        Ok(Self {
            stdin: child.stdin.take(),
            child,
        })
    }

    /// The process that is in it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A program in it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.id().to_string(), "--net", "--"])
            .arg(program);
        command
    }

    /// Runs words in it, which must succeed.
    pub fn run(&self, words: &str) -> Result<()> {
        let mut words = words.split(' ');
        let mut command = self.command(words.next().unwrap_or_default());
        let output = command.args(words).stdin(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(()),
            false => {
                let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(format!("{command:?}: {why}").into())
            }
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It has nothing else to do.
        let _ = self.child.wait();
    }
}
