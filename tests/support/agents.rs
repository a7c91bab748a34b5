//! The agents of machines, as processes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// The agent of this directory, if it runs.
pub fn find(dir: &Path) -> Option<u32> {
    let dir = dir.to_str().expect("a directory of the tests' own");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.find(|pid: &u32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        words.contains(&&b"agent"[..]) && words.contains(&dir.as_bytes())
    })
}

/// Ends it as a crash does. Whether there was one.
pub fn end(dir: &Path) -> bool {
    let Some(pid) = find(dir) else {
        return false;
    };
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    // It may just have ended by itself.
    kill_process(pid, Signal::KILL).is_ok()
}
