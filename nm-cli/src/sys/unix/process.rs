//! Other processes, as described by `/proc` (Linux; elsewhere unknown).

use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
pub use std::os::unix::process::parent_id;
use std::path::PathBuf;

use rustix::process::Pid;

use crate::sys::{Known, Source};

/// `PF_FORKNOEXEC` in the kernel's flags of a process.
const FORKED_WITHOUT_EXEC: u64 = 0x40;

pub fn look_up(pid: u32) -> Option<Known> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (command) state parent ..`, where the command may contain anything.
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<_> = after.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Known {
        parent: u32::try_from(number(1)?).ok()?,
        is_copy: number(6)? & FORKED_WITHOUT_EXEC != 0,
        started: number(19)?,
    })
}

/// How the process has ended that has this id, as long as its parent has not waited for it.
pub fn exit_status(pid: u32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<_> = after.split_ascii_whitespace().collect();
    match (fields.first(), fields.get(49)) {
        (Some(&"Z"), Some(status)) => status.parse().ok(),
        _ => None,
    }
}

/// Its executable; `None` if the process is another user's.
pub fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

pub fn arguments(pid: u32) -> Vec<OsString> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    let words = text.split(|byte| *byte == 0);
    words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

pub fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// A process whose end the system tells.
#[derive(Debug)]
pub struct Anchored(OwnedFd);

impl Anchored {
    /// `None` where the system has no such thing, or if it has already ended.
    #[cfg(target_os = "linux")]
    pub fn open(pid: u32) -> Option<Self> {
        use rustix::process::{PidfdFlags, pidfd_open};

        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok().map(Self)
    }

    #[cfg(not(target_os = "linux"))]
    pub fn open(_pid: u32) -> Option<Self> {
        None
    }

    /// Ready when it has ended.
    pub fn source(&self) -> Source<'_> {
        self.0.as_fd()
    }

    /// How it has ended, if the kernel tells that, once its parent has waited for it.
    #[cfg(target_os = "linux")]
    pub fn status(&self) -> Option<i32> {
        nm_runtime::inspect::exit_status(self.0.as_fd())
    }

    #[cfg(not(target_os = "linux"))]
    pub fn status(&self) -> Option<i32> {
        None
    }
}
