//! Signals to processes that are no children.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Sends it to all that are still there.
pub fn signal(ids: &[u32], signal: Signal) {
    for id in ids {
        if let Some(pid) = i32::try_from(*id).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
        }
    }
}

/// The agent that serves a directory below this one.
pub fn agent(below: &str) -> Option<u32> {
    all().find(|id| {
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        words.contains(&&b"agent"[..]) && words.iter().any(|it| it.starts_with(below.as_bytes()))
    })
}

/// The children of that process.
pub fn children(of: u32) -> Vec<u32> {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, after) = stat.rsplit_once(')')?;
        after.split_ascii_whitespace().nth(1)?.parse().ok()
    };
    all().filter(|id| parent(*id) == Some(of)).collect()
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
