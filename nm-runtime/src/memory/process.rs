use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::base::error::{Error, Kind, Result};

/// What a session stands for: it can be stopped and killed, as a process can.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) run: String,
    status: Mutex<Status>,
    changed: Condvar,
    /// The notices of its threads.
    pub(crate) notices: Arc<Mutex<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    Stopped,
    Killed,
}

impl Process {
    pub(crate) fn new(pid: u32, run: &str) -> Self {
        Self {
            pid,
            run: run.to_owned(),
            status: Mutex::new(Status::Running),
            changed: Condvar::new(),
            notices: Arc::default(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        *self.lock()
    }

    /// A killed process stays so.
    pub(crate) fn set(&self, new: Status) {
        let mut status = self.lock();
        if *status != Status::Killed {
            *status = new;
        }
        self.changed.notify_all();
    }

    /// Waits while the process is stopped.
    ///
    /// # Errors
    ///
    /// If it is killed.
    pub(crate) fn go_on(&self) -> Result<()> {
        self.running().map(drop).ok_or_else(killed)
    }

    /// Does something that the process does not survive half-way: it is not stopped
    /// or killed meanwhile. False if it was killed before.
    pub(crate) fn act(&self, deed: impl FnOnce()) -> bool {
        let running = self.running();
        let runs = running.is_some();
        if runs {
            deed();
        }
        runs
    }

    fn running(&self) -> Option<MutexGuard<'_, Status>> {
        let stopped = |status: &mut Status| *status == Status::Stopped;
        let status = self.changed.wait_while(self.lock(), stopped);
        let status = status.unwrap_or_else(PoisonError::into_inner);
        (*status == Status::Running).then_some(status)
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a thread of a killed process is answered, wherever it is.
pub(crate) fn killed() -> Error {
    Error::new(Kind::Io, "the session was killed")
}
