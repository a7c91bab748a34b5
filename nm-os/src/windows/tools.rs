//! What the command line needs of Windows.

use std::ffi::OsString;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SYNCHRONIZE,
};

pub use super::console::{Interrupts, input_is_a_pipe, leave};
pub use super::job::{Job, end_children_with_us};
pub use super::owner::create_private_file;
pub use super::pipe::{PipeListener, PipeStream};
use super::spawn::{self, How};
use super::{file, process, wait};

/// What is known of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// In steps of 100 ns: tells it from a later process with its id.
    pub started: u64,
    /// What has started it, and may have ended since.
    pub parent: u32,
    /// Its file.
    pub program: PathBuf,
    /// As it was started; empty if the system does not tell.
    pub line: OsString,
}

/// What is known of the process with this id, if it is there.
pub fn process_info(pid: u32) -> Option<ProcessInfo> {
    let process = process::open(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    Some(ProcessInfo {
        started: process::started(&process)?,
        parent: process::parent_of(&process)?,
        program: process::program(&process)?,
        line: process::line(&process).unwrap_or_default(),
    })
}

/// A process whose end can be waited for.
#[derive(Debug)]
pub struct OpenProcess(OwnedHandle);

impl OpenProcess {
    /// # Errors
    ///
    /// If there is none, or it is another user's.
    pub fn open(pid: u32) -> io::Result<Self> {
        process::open(pid, PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION).map(Self)
    }

    /// Signalled when it has ended.
    pub fn end(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }

    /// How it has ended; `None` if it has not.
    pub fn status(&self) -> Option<ExitStatus> {
        wait::for_any([&self.0], Some(Duration::ZERO)).ok()??;
        process::exit_status(&self.0).ok()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        wait::for_any([&self.0], None)?;
        process::exit_status(&self.0)
    }
}

/// Starts a process that goes on if all that we are part of ends, where that is allowed. It
/// inherits these standard streams, and nothing else.
///
/// # Errors
///
/// If it cannot be started.
pub fn start_apart(
    command: &Command,
    streams: [Option<BorrowedHandle<'_>>; 3],
) -> io::Result<OpenProcess> {
    let start = |more| {
        let flags = CREATE_NEW_PROCESS_GROUP | more;
        let how = How {
            streams,
            flags,
            ..How::default()
        };
        spawn::start(command, &how)
    };
    let started = start(CREATE_BREAKAWAY_FROM_JOB).or_else(|_| start(0));
    started.map(OpenProcess)
}

/// Moves a file to another place, and over what is there, even if others read it just now.
///
/// # Errors
///
/// If that fails for two seconds.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    file::rename(from, to)
}

/// An event that stays signalled until it is reset.
#[derive(Debug)]
pub struct Event(OwnedHandle);

impl Event {
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        wait::event(None).map(Self)
    }

    /// Signals it.
    pub fn set(&self) {
        wait::set(&self.0);
    }

    /// Not signalled any more.
    pub fn reset(&self) {
        wait::reset(&self.0);
    }

    /// To wait for.
    pub fn handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// Waits until one of these is signalled, or the time is over; returns which are.
///
/// # Errors
///
/// If the system refuses, as it does for more than 64.
pub fn signalled(
    handles: &[BorrowedHandle<'_>],
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    if handles.is_empty() {
        // Of none the system refuses to wait.
        thread::sleep(timeout.unwrap_or(Duration::MAX));
        return Ok(Vec::new());
    }
    wait::for_any_of(handles, timeout)?;
    let each = handles.iter().map(|handle| {
        let signalled = wait::for_any_of(&[*handle], Some(Duration::ZERO))?;
        Ok(signalled.is_some())
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_signalled_are_told_and_none_may_be_waited_for() {
        let events = [(); 3].map(|()| Event::new().unwrap());
        events[0].set();
        events[2].set();
        let handles = events.each_ref().map(Event::handle);
        assert_eq!(signalled(&handles, None).unwrap(), [true, false, true]);
        let short = Some(Duration::from_millis(1));
        assert!(signalled(&[], short).unwrap().is_empty());
    }
}
