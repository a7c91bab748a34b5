//! What stands in for a script: a process that calls `name-manager` as it is told.

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{Command, Stdio};

use crate::lab::{Lab, NAME_MANAGER, Running, Said};

/// Stands before each answer: the test harness writes to the same stream.
const MARK: &str = "@script ";

/// A script, seen from the test.
pub struct Script(Running);

impl Script {
    pub fn start(lab: &Lab) -> Self {
        Self::with(lab, |_| {})
    }

    pub fn with(lab: &Lab, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = lab.program(env::current_exe().unwrap());
        command.args(["script::script", "--exact", "--ignored", "--nocapture"]);
        change(&mut command);
        Self(Running::new(&mut command))
    }

    /// What a call says, read to its end.
    pub fn call(&mut self, args: &str) -> Said {
        self.0.write(&format!("call {args}\n"));
        let mut field = || self.answer();
        let code = field().parse().unwrap();
        let (out, err) = (field(), field());
        Said { code, out, err }
    }

    /// Starts a call whose output is the script's, and waits until it says this.
    pub fn start_call(&mut self, args: &str, until: &str) {
        self.0.write(&format!("start {args}\n"));
        while self.0.line() != until {}
    }

    fn answer(&mut self) -> String {
        loop {
            let line = self.0.line();
            if let Some((_, text)) = line.split_once(MARK) {
                return serde_json::from_str(text).unwrap();
            }
        }
    }

    pub fn kill(&mut self) {
        self.0.kill();
    }

    /// It ends by itself.
    pub fn end(mut self) {
        self.0.end_input();
        assert_eq!(self.0.code(), 0);
    }
}

#[test]
#[ignore = "started by the other tests"]
fn script() {
    let mut children = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let mut command = Command::new(NAME_MANAGER);
        command.args(words).stdin(Stdio::null());
        match verb {
            "call" => {
                let said = Said::of(command.output().unwrap());
                answer(&said.code.to_string());
                answer(&said.out);
                answer(&said.err);
            }
            // On a line of its own.
            "start" => {
                println!();
                children.push(command.stderr(Stdio::null()).spawn().unwrap());
            }
            _ => panic!("{line}"),
        }
    }
}

fn answer(text: &str) {
    let text = serde_json::to_string(text).unwrap();
    // The harness may have begun a line.
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{MARK}{text}").unwrap();
    stdout.flush().unwrap();
}
