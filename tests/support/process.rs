//! An actor, seen from the test that started it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::actor::MARK;
use super::patience;

pub struct Process {
    child: Child,
    stdin: ChildStdin,
    replies: Receiver<(String, String)>,
    /// Those that came while another thread's was asked for.
    early: Vec<(String, String)>,
    /// Threads of it that wait for a lease.
    pub waiting: Vec<String>,
}

/// How an actor is started.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// A program that starts it: `setpriv ..`, `sh -c 'ulimit ..; exec "$0" "$@"'`.
    pub through: Vec<String>,
    /// More environment.
    pub env: Vec<(String, String)>,
    /// Instead of this test's own executable: a copy that others may run.
    pub program: Option<std::path::PathBuf>,
}

impl Process {
    /// Starts an actor and waits until it listens.
    pub fn start(how: &Start, stderr: &Path) -> Self {
        let own = std::env::current_exe().expect("a test binary knows its path");
        let actor = how.program.as_deref().unwrap_or(&own);
        let mut command = match how.through.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(actor);
                command
            }
            None => Command::new(actor),
        };
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("NAME_MANAGER_") {
                command.env_remove(key);
            }
        }
        let stderr = File::create(stderr).expect("a file for standard error");
        let mut child = command
            .args([
                "actor",
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .envs(how.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("an actor can be started");
        let stdin = child.stdin.take().expect("standard input is a pipe");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let (sender, replies) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let reply = line
                    .split_once(MARK)
                    .and_then(|(_, reply)| reply.split_once(' '));
                if let Some((thread, reply)) = reply {
                    let sent = sender.send((thread.to_owned(), reply.to_owned()));
                    if sent.is_err() {
                        break;
                    }
                }
            }
        });
        let mut process = Self {
            child,
            stdin,
            replies,
            early: Vec::new(),
            waiting: Vec::new(),
        };
        assert_eq!(process.reply("main"), "ready");
        process
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn tell(&mut self, thread: &str, command: &str) {
        let line = format!("{thread} {command}\n");
        self.stdin
            .write_all(line.as_bytes())
            .expect("the actor listens");
    }

    /// The next reply of that thread.
    #[track_caller]
    pub fn reply(&mut self, thread: &str) -> String {
        if let Some(reply) = self.early_reply(thread) {
            return reply;
        }
        loop {
            match self.replies.recv_timeout(patience::BOUND) {
                Ok((from, reply)) if from == thread => return reply,
                Ok(other) => self.early.push(other),
                Err(RecvTimeoutError::Timeout) => panic!("`{thread}` does not answer"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("`{thread}` ended without an answer, with {}", self.wait())
                }
            }
        }
    }

    /// What that thread has answered by now.
    pub fn reply_by_now(&mut self, thread: &str) -> Option<String> {
        self.early.extend(self.replies.try_iter());
        self.early_reply(thread)
    }

    fn early_reply(&mut self, thread: &str) -> Option<String> {
        let at = self.early.iter().position(|(from, _)| from == thread)?;
        Some(self.early.remove(at).1)
    }

    pub fn signal(&self, signal: Signal) {
        send(self.id(), signal);
    }

    /// SIGKILL; returns when the process is gone, and its locks with it.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, perhaps.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    kill_process(pid, signal).expect("an own process can be signalled");
}
