//! A command and the processes that it starts, as far as they stay in its group.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::calls;

/// A command that leads a group of processes, in a session of its own.
#[derive(Debug)]
pub struct Group {
    child: Child,
}

/// The end of a group's leader.
#[derive(Debug)]
pub struct LeaderEnd(u32);

impl LeaderEnd {
    /// Blocks until it has come. The group keeps its number until [`Group::status`].
    pub fn wait(&self) -> io::Result<()> {
        calls::wait_for_end(self.0)
    }
}

impl Group {
    /// Starts a command as the leader of a group of its own.
    pub fn start(mut command: Command) -> io::Result<Self> {
        calls::lead_session(&mut command);
        Ok(Self {
            child: command.spawn()?,
        })
    }

    /// The leader's process, and the group's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What blocks until the leader has ended, in another thread.
    pub fn leader_end(&self) -> io::Result<LeaderEnd> {
        Ok(LeaderEnd(self.id()))
    }

    /// Asks the processes of the group to end.
    pub fn end(&self) {
        // If it fails, there is none.
        let _ = calls::signal_group(self.id(), libc::SIGTERM);
    }

    /// Waits until the group has ended, and ends then what is left of it; at once if its
    /// leader has not ended.
    pub fn kill(mut self, leader_ended: bool, until: Instant) -> io::Result<()> {
        let id = self.id();
        if leader_ended {
            // Of `a && b` that is the shell, and not yet `a`.
            self.child.wait()?;
            wait_for_group(id, until.saturating_duration_since(Instant::now()));
            kill_group(id);
        } else {
            // Before the leader's number can be another's.
            kill_group(id);
            self.child.wait()?;
        }
        Ok(())
    }

    /// How the leader has ended. From here on its number may be another group's.
    pub fn status(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Ends a group that nobody watches over any more, and waits for its end, at most so long. Its
/// number can only be another's if it has ended.
pub fn kill_orphaned_group(leader: u32, timeout: Duration) {
    kill_group(leader);
    wait_for_group(leader, timeout);
}

fn kill_group(group: u32) {
    let _ = calls::signal_group(group, libc::SIGKILL);
}

/// Blocks until no process of a group lives, at most so long. A group keeps its number as
/// long as it has a process.
fn wait_for_group(group: u32, timeout: Duration) {
    const LOOK: Duration = Duration::from_millis(20);
    let until = Instant::now() + timeout;
    while calls::signal_group(group, 0).is_ok() && Instant::now() < until {
        thread::sleep(LOOK);
    }
}
