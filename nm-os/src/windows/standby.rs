//! Starting a process that outlives the one which starts it, and tells that once when it
//! stands by.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::windows::io::OwnedHandle;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS, PROCESS_CREATE_PROCESS,
};

use super::spawn::{self, How};
use super::{file, process, wait};

/// A process that was started to stand by. It goes on if this drops.
#[derive(Debug)]
pub struct Standby(OwnedHandle);

impl Standby {
    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        wait::for_any([&self.0], None)?;
        process::exit_status(&self.0)
    }
}

/// Starts it, and waits for its [`answer`], which is empty if it ends without one.
///
/// It inherits no handle: a runner that waits for the end of a test's output would wait for
/// the end of what the test has started, too. So it is told an event and a file.
///
/// It is started as a child of what has started the runner, if that can be: `cargo` and all
/// its children are in a job that ends with it if it is interrupted. Or else outside of our
/// job, if that may be left.
pub fn start_standby(
    command: &mut Command,
    title: &str,
    state_dir: &Path,
    runner: u32,
) -> io::Result<(Standby, Vec<u8>)> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let own = std::process::id();
    let name = format!(r"Local\name-manager-standby-{own}-{number}");
    let said = state_dir.join(format!(".standby-{own}-{number}"));
    let event = wait::event(Some(&name))?;
    command.args([OsStr::new(title), OsStr::new(&name), said.as_os_str()]);

    let above = process::ancestor(runner).and_then(|runner| {
        let above = process::ancestor(runner.parent)?;
        // Ids are soon those of other processes.
        (above.started <= runner.started)
            .then(|| process::open(runner.parent, PROCESS_CREATE_PROCESS).ok())?
    });
    let start = |parent, more| {
        let flags = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | more;
        let how = How {
            parent,
            flags,
            ..How::default()
        };
        spawn::start(command, &how)
    };
    let started = above.as_ref().and_then(|above| {
        // What has started the runner may be in the job of a runner further above.
        let started = start(Some(above), CREATE_BREAKAWAY_FROM_JOB);
        started.or_else(|_| start(Some(above), 0)).ok()
    });
    let started = started.or_else(|| start(None, CREATE_BREAKAWAY_FROM_JOB).ok());
    let process = started.map_or_else(|| start(None, 0), Ok)?;
    wait::for_any([&event, &process], None)?;
    let text = match fs::read(&said) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        text => text?,
    };
    let _ = file::remove(&said);
    Ok((Standby(process), text))
}

/// Tells who has started this process, in it, and nothing more from then on.
pub fn answer(said: &[u8]) -> io::Result<()> {
    static ANSWERED: AtomicBool = AtomicBool::new(false);
    if ANSWERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // Behind the program and the title.
    let mut told = env::args_os().skip(2);
    let (Some(event), Some(path)) = (told.next(), told.next()) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "nothing says whom to answer",
        ));
    };
    file::write_private(Path::new(&path), said)?;
    let event = event.to_str().ok_or(io::ErrorKind::InvalidInput)?;
    wait::set(&wait::event(Some(event))?);
    Ok(())
}
