//! An actor, seen from the test that started it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

use super::actor::MARK;
use super::stage::{Host, Replies};
#[cfg(unix)]
use super::{kernel, patience};

pub struct Process {
    child: Child,
    stdin: ChildStdin,
    replies: Replies,
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

/// What runs this program, if that is of another processor: the kernel cannot run it by
/// itself. QEMU tells its programs of it by this path alone.
fn emulator(own: &Path) -> Option<std::path::PathBuf> {
    let running = std::fs::read_link("//proc/self/exe").ok()?;
    (running != own).then_some(running)
}

impl Process {
    /// Starts an actor and waits until it listens.
    pub fn start(how: &Start, stderr: &Path) -> Self {
        let own = std::env::current_exe().expect("a test binary knows its path");
        let actor = how.program.as_deref().unwrap_or(&own);
        let emulator = emulator(&own);
        let through = how.through.iter().map(Path::new);
        let mut words = through.chain(emulator.as_deref()).chain([actor]);
        let mut command = Command::new(words.next().expect("at least the actor"));
        command.args(words);
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
            replies: Replies::new(replies),
            waiting: Vec::new(),
        };
        assert_eq!(process.reply("main"), "ready");
        process
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: Signal) {
        send(self.id(), signal);
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }
}

impl Host for Process {
    fn id(&self) -> u32 {
        self.child.id()
    }

    fn tell(&mut self, actor: &str, command: &str) {
        let line = format!("{actor} {command}\n");
        self.stdin
            .write_all(line.as_bytes())
            .expect("the actor listens");
    }

    fn replies(&mut self) -> &mut Replies {
        &mut self.replies
    }

    fn waiting(&mut self) -> &mut Vec<String> {
        &mut self.waiting
    }

    fn end(&mut self) -> String {
        self.wait().to_string()
    }

    /// SIGKILL; returns when the process is gone, and its locks with it.
    fn kill(&mut self) {
        self.child.kill().expect("an own process can be killed");
        self.wait();
    }

    /// SIGSTOP: returns when no thread of the process runs any more.
    #[cfg(unix)]
    fn stop(&mut self) {
        self.signal(Signal::STOP);
        let pid = self.id();
        patience::until("a stopped process", || {
            kernel::is_stopped(pid).then_some(())
        });
    }

    #[cfg(unix)]
    fn go_on(&mut self) {
        self.signal(Signal::CONT);
    }

    #[cfg(not(unix))]
    fn stop(&mut self) {
        panic!("no process is stopped here: such a story is told on Unix");
    }

    #[cfg(not(unix))]
    fn go_on(&mut self) {
        panic!("no process is stopped here: such a story is told on Unix");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, perhaps.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    kill_process(pid, signal).expect("an own process can be signalled");
}
