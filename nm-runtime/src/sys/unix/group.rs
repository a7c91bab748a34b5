//! A command and the processes that it starts, as far as they stay in its group.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::calls;

/// A command that leads a group of processes, in a session of its own.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
}

impl Group {
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        calls::lead_session(&mut command);
        Ok(Self {
            child: command.spawn()?,
        })
    }

    /// The leader's process, and the group's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the leader has ended. From here on its number may be another group's.
    pub(crate) fn status(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Blocks until the leader has ended. Its group keeps its number until [`Group::status`].
pub(crate) fn wait_for_leader(group: u32) -> io::Result<()> {
    calls::wait_for_end(group)
}

/// Asks the processes of a group to end.
pub(crate) fn end_group(group: u32) {
    // If it fails, there is none.
    let _ = calls::signal_group(group, libc::SIGTERM);
}

/// Ends the processes of a group.
pub(crate) fn kill_group(group: u32) {
    let _ = calls::signal_group(group, libc::SIGKILL);
}

/// Blocks until no process of a group lives, at most so long. A group keeps its number as
/// long as it has a process.
pub(crate) fn wait_for_group(group: u32, timeout: Duration) {
    const LOOK: Duration = Duration::from_millis(20);
    let until = Instant::now() + timeout;
    while calls::signal_group(group, 0).is_ok() && Instant::now() < until {
        thread::sleep(LOOK);
    }
}
