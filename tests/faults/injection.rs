//! System calls that fail, by `strace`.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::pool_test::PoolTest;
use crate::support::{process, skip};

/// Whether calls can be made to fail here; says so if not.
pub fn can_inject() -> bool {
    let mut strace = Command::new("strace");
    let run = strace.args(["-o", "/dev/null", "true"]).output();
    let works = run.is_ok_and(|run| run.status.success());
    if !works {
        skip::because("no strace, or not allowed to use it");
    }
    works
}

/// What an actor calls to be seen.
const SEEN: &str = "getpgrp";

/// While this lives, calls of a process fail.
pub struct Injection {
    strace: Child,
    log: PathBuf,
}

impl Injection {
    /// `what` is as strace has it: `openat:error=EMFILE:when=3`. Each thread
    /// counts its own calls, from here on.
    pub fn begin(test: &mut PoolTest, actor: &str, what: &str) -> Self {
        loop {
            let injection = Self::attach(test.pid(actor), what, test.dir().join("strace"));
            test.expect(actor, "show", "shown");
            if injection.log().contains(SEEN) {
                return injection;
            }
            // Now and then strace 6.1 attaches to all threads but one.
            injection.end();
        }
    }

    fn attach(pid: u32, what: &str, log: PathBuf) -> Self {
        let (calls, _) = what.split_once(':').expect("`CALLS:WHAT`");
        let mut strace = Command::new("strace")
            .args(["-f", "-p", &pid.to_string(), "-e"])
            .arg(format!("trace={calls},{SEEN}"))
            .arg("-e")
            .arg(format!("inject={what}"))
            .arg("-o")
            .arg(&log)
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace can be started");
        let stderr = strace.stderr.take().expect("its standard error is a pipe");
        let mut stderr = BufReader::new(stderr);
        let mut said = String::new();
        let read = stderr.read_line(&mut said);
        read.expect("strace says that it is attached");
        assert!(said.contains("attached"), "{said}");
        // It says so of each thread that begins, and would die if nobody listened.
        thread::spawn(move || io::copy(&mut stderr, &mut io::sink()));
        Self { strace, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("strace writes its log")
    }

    /// Lets the process be; gives the calls that were made to fail.
    pub fn end(mut self) -> Vec<String> {
        // It overlooks a signal that comes just before it waits for its threads, until the next;
        // one that it is told while it lets them go may cost them a call.
        for pause in 0.. {
            if pause % 20_000 == 0 {
                process::send(self.strace.id(), Signal::INT);
            }
            if self.strace.try_wait().expect("strace ends").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let log = self.log();
        let injected = log.lines().filter(|line| line.contains("(INJECTED)"));
        injected.map(str::to_owned).collect()
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}
