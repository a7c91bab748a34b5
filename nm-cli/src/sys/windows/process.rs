//! Other processes.

use std::ffi::OsString;
use std::path::PathBuf;

use nm_runtime::windows::{self, OpenProcess};

use super::words;
use crate::sys::{Known, Source};

/// The process that has started this one, which may have ended since.
pub fn parent_id() -> u32 {
    windows::process_info(std::process::id()).map_or(0, |own| own.parent)
}

pub fn look_up(pid: u32) -> Option<Known> {
    let process = windows::process_info(pid)?;
    // A shell for Unix has copies of itself as such a shell does there, started with the same
    // line: nothing else tells them from another one.
    let above = windows::process_info(process.parent);
    let is_copy = above.is_some_and(|above| {
        above.started <= process.started
            && above.program == process.program
            && above.line == process.line
    });
    Some(Known {
        started: process.started,
        parent: process.parent,
        is_copy,
    })
}

/// The system keeps nothing of a process that nobody has open.
pub fn exit_status(_pid: u32) -> Option<i32> {
    None
}

pub fn executable(pid: u32) -> Option<PathBuf> {
    windows::process_info(pid).map(|process| process.program)
}

pub fn arguments(pid: u32) -> Vec<OsString> {
    let Some(process) = windows::process_info(pid) else {
        return Vec::new();
    };
    match words::of(&process.line.to_string_lossy()) {
        words if words.is_empty() => vec![process.program.into_os_string()],
        words => words.into_iter().map(OsString::from).collect(),
    }
}

pub fn is_alive(pid: u32) -> bool {
    OpenProcess::open(pid).is_ok_and(|process| process.status().is_none())
}

/// A process whose end the system tells.
#[derive(Debug)]
pub struct Anchored(OpenProcess);

impl Anchored {
    /// `None` if there is none, or it is another user's.
    pub fn open(pid: u32) -> Option<Self> {
        OpenProcess::open(pid).ok().map(Self)
    }

    /// Ready when it has ended.
    pub fn source(&self) -> Source<'_> {
        self.0.end()
    }

    /// How it has ended.
    pub fn status(&self) -> Option<i32> {
        self.0.status()?.code()
    }
}
