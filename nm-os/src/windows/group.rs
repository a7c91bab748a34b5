//! A command and the processes that it starts: a job.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

use super::job::Job;
use super::{process, wait};

/// A command that leads a group of processes, which ends with this process.
#[derive(Debug)]
pub struct Group {
    leader: Child,
    job: Job,
}

/// The end of a group's leader.
#[derive(Debug)]
pub struct LeaderEnd(OwnedHandle);

impl LeaderEnd {
    /// Blocks until it has come.
    pub fn wait(&self) -> io::Result<()> {
        wait::for_any([&self.0], None).map(drop)
    }
}

impl Group {
    /// What the command starts cannot leave the group. It has a console of its own, where
    /// nobody types.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let (leader, job) = Job::start_with(&mut command, CREATE_NO_WINDOW, 0)?;
        Ok(Self { leader, job })
    }

    /// The leader's process.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// What blocks until the leader has ended, in another thread.
    pub fn leader_end(&self) -> io::Result<LeaderEnd> {
        Ok(LeaderEnd(self.leader.as_handle().try_clone_to_owned()?))
    }

    /// Ends the group: here nobody can be asked to.
    pub fn end(&self) {
        self.job.kill();
    }

    /// Ends what is left of the group, and waits for its leader.
    pub fn kill(mut self, _leader_ended: bool, until: Instant) -> io::Result<()> {
        const LOOK: Duration = Duration::from_millis(5);
        self.job.kill();
        self.leader.wait()?;
        while self.job.lives() && Instant::now() < until {
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// How the leader has ended. What it has left goes on.
    pub fn status(mut self) -> io::Result<ExitStatus> {
        let status = self.leader.wait()?;
        self.job.let_go();
        Ok(status)
    }
}

/// Waits until the leader of a group has ended, at most so long. The group has ended with the
/// process that had started it.
pub fn kill_orphaned_group(leader: u32, timeout: Duration) {
    if let Ok(leader) = process::open_to_wait(leader) {
        let _ = wait::for_any([&leader], Some(timeout));
    }
}
