//! The agents of machines, as processes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// An agent of a directory below this one, if it runs.
pub fn find(below: &Path) -> Option<u32> {
    let below = below.to_str().expect("a directory of the tests' own");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.find(|pid: &u32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        words.contains(&&b"agent"[..]) && words.iter().any(|it| it.starts_with(below.as_bytes()))
    })
}

/// Ends one as a crash does. Whether there was one.
pub fn end(below: &Path) -> bool {
    let Some(pid) = find(below) else {
        return false;
    };
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    // It may just have ended by itself.
    kill_process(pid, Signal::KILL).is_ok()
}
