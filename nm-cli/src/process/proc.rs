//! Other processes, as described by `/proc` (Linux; elsewhere unknown).

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// One process, and not another that gets its id later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// In clock ticks since the system started.
    pub started: u64,
    pub parent: u32,
    /// A copy of its parent that has not executed anything since: a subshell.
    pub is_copy: bool,
}

/// `PF_FORKNOEXEC` in the kernel's flags of a process.
const FORKED_WITHOUT_EXEC: u64 = 0x40;

impl Process {
    pub fn look_up(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (command) state parent ..`, where the command may contain anything.
        let (_, after) = stat.rsplit_once(')')?;
        let fields: Vec<_> = after.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: u32::try_from(number(1)?).ok()?,
            is_copy: number(6)? & FORKED_WITHOUT_EXEC != 0,
            started: number(19)?,
        })
    }

    /// How the process has ended that has this id, as long as its parent has not waited
    /// for it.
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
    pub fn executable(&self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/exe", self.pid)).ok()
    }

    pub fn arguments(&self) -> Vec<OsString> {
        arguments(self.pid)
    }

    /// Whether it is this one, or runs somewhere below it.
    pub fn is_within(self, pid: u32, started: u64) -> bool {
        let mut process = self;
        loop {
            if (process.pid, process.started) == (pid, started) {
                return true;
            }
            match Self::look_up(process.parent) {
                // A parent is older; anything else took the id of one that died.
                Some(parent) if parent.started <= process.started => process = parent,
                _ => return false,
            }
        }
    }
}

fn arguments(pid: u32) -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt;

    let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    let words = text.split(|byte| *byte == 0);
    words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}
