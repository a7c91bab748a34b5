//! A process that is left behind by the one that starts it, and hears from that at first.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// Such a process, seen from the one that has started it.
#[derive(Debug)]
pub struct KeeperProcess {
    child: Child,
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
}

impl KeeperProcess {
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Starts it, under this name.
pub fn start_keeper(mut command: Command, name: &str) -> io::Result<KeeperProcess> {
    let command = command
        .arg0(name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(stdin), Some(stdout)) => Ok(KeeperProcess {
            child,
            stdin,
            stdout,
        }),
        _ => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// In it: closes the descriptors of the shell, whose readers, which wait for the end of a pipe,
/// must not wait for us. Before anything of ours is open.
pub fn leave_caller() {
    if let Ok(open) = fs::read_dir("/dev/fd") {
        let open: Vec<i32> = open
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        for fd in open.into_iter().filter(|fd| *fd > 2) {
            // One of them was the directory's, closed by now.
            let _ = nix::unistd::close(fd);
        }
    }
    // Refused only to the leader of a group, which a new child is not.
    let _ = rustix::process::setsid();
}

/// In it: is heard no more from here on, and in nobody's way.
pub fn stand_alone() -> io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    std::env::set_current_dir("/")
}
