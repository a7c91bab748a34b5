//! The process with whose end a lease ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::exit::code;
use crate::keeper::session::Session;
use crate::process::proc::Process;

/// Watches a process. Never mistakes another one for it that gets its id later.
#[derive(Debug)]
pub struct Anchor {
    session: Session,
    /// Readable when it ends; `None` where the system has no such thing, or if it has
    /// already ended.
    fd: Option<OwnedFd>,
}

/// How often to look for it where the system does not report its end.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Anchor {
    pub fn new(session: Session) -> Self {
        let mut anchor = Self {
            fd: open(session.pid),
            session,
        };
        // Opened first, then compared: from here on it is this one.
        if Session::at(anchor.session.pid).as_ref() != Some(&anchor.session) {
            anchor.fd = None;
        }
        anchor
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn has_ended(&self) -> bool {
        match &self.fd {
            Some(fd) => readiness(&[fd.as_fd()], PollFlags::IN, Some(Duration::ZERO))
                .is_ok_and(|ready| ready[0]),
            None => Session::at(self.session.pid).as_ref() != Some(&self.session),
        }
    }

    /// Whether it has ended well; false if that is unknown.
    pub fn succeeded(&self) -> bool {
        let left = || Process::exit_status(self.session.pid);
        self.told().or_else(left).or_else(|| self.told()) == Some(0)
    }

    /// What the kernel tells once its parent has waited for it.
    #[cfg(target_os = "linux")]
    fn told(&self) -> Option<i32> {
        nm_runtime::inspect::exit_status(self.fd.as_ref()?.as_fd())
    }

    #[cfg(not(target_os = "linux"))]
    fn told(&self) -> Option<i32> {
        None
    }

    /// Waits until it ends, one of these can be read, or the time is over; returns
    /// which of them can be read.
    pub fn wait(&self, others: &[BorrowedFd<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
        let mut left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut fds = others.to_vec();
        match &self.fd {
            Some(fd) => fds.push(fd.as_fd()),
            None => left = Some(left.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
        }
        readiness(&fds, PollFlags::IN, left)
    }
}

#[cfg(target_os = "linux")]
fn open(pid: u32) -> Option<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open(_pid: u32) -> Option<OwnedFd> {
    None
}

fn readiness(
    fds: &[BorrowedFd<'_>],
    flags: PollFlags,
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let mut polled: Vec<_> = fds.iter().map(|fd| PollFd::new(fd, flags)).collect();
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    match poll(&mut polled, timeout.as_ref()) {
        Err(rustix::io::Errno::INTR) => Ok(vec![false; fds.len()]),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect()),
    }
}

/// Like [`Anchor::wait`], without a process to wait for.
pub fn wait(fds: &[BorrowedFd<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    readiness(fds, PollFlags::IN, left)
}

/// While a request waits: ends this process when its caller has ended. Nothing is
/// held then, and the kernel takes back the place in the queue.
#[derive(Debug)]
pub struct Vigil {
    over: Arc<Mutex<bool>>,
}

impl Vigil {
    /// Watches the anchor, and for the writer of `pipe` to go away.
    pub fn begin(anchor: &Arc<Anchor>, pipe: Option<OwnedFd>) -> Self {
        let over = Arc::new(Mutex::new(false));
        let (anchor, still) = (anchor.clone(), over.clone());
        thread::spawn(move || {
            loop {
                let mut fds: Vec<_> = pipe.iter().map(AsFd::as_fd).collect();
                fds.extend(anchor.fd.iter().map(AsFd::as_fd));
                let timeout = anchor.fd.is_none().then_some(LOOK_AGAIN);
                // A pipe becomes readable when it is written to, too; by then the
                // wait is over.
                let ready = readiness(&fds, PollFlags::IN, timeout);
                let over = still.lock().unwrap_or_else(PoisonError::into_inner);
                if *over {
                    return;
                }
                let gone = ready.map_or(true, |ready| ready.contains(&true));
                if gone || anchor.has_ended() {
                    std::process::exit(code::FAILURE.into());
                }
            }
        });
        Self { over }
    }

    /// The names are ours.
    pub fn end(self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}
