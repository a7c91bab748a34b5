//! Other processes, as far as the system describes them.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::sys;

/// One process, and not another that gets its id later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// As the system counts.
    pub started: u64,
    pub parent: u32,
    /// A copy of its parent that has not executed anything since: a subshell.
    pub is_copy: bool,
}

impl Process {
    pub fn look_up(pid: u32) -> Option<Self> {
        let known = sys::look_up(pid)?;
        Some(Self {
            pid,
            started: known.started,
            parent: known.parent,
            is_copy: known.is_copy,
        })
    }

    /// Its executable; `None` if the process is another user's.
    pub fn executable(&self) -> Option<PathBuf> {
        sys::executable(self.pid)
    }

    pub fn arguments(&self) -> Vec<OsString> {
        sys::arguments(self.pid)
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
