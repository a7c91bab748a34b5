//! The agents of machines, and the reapers that they serve, as processes.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// An agent of a directory below this one, if it runs.
pub fn find(below: &Path) -> Option<u32> {
    find_with("cmdline", below, "agent")
}

/// A process that has this word, and the name of something below the directory, in that file of
/// its directory in `/proc`.
fn find_with(file: &str, below: &Path, word: &str) -> Option<u32> {
    let below = below.to_str().expect("a directory of the tests' own");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.find(|pid: &u32| {
        let said = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let mut words = said.split('\0');
        words.clone().any(|it| it == word) && words.any(|it| it.contains(below))
    })
}

/// Ends one as a crash does. Whether there was one.
pub fn end(below: &Path) -> bool {
    find(below).is_some_and(kill)
}

/// The same of a reaper, which has this variable and would start another agent, again and again
/// once the server has ended.
pub fn end_reaper(below: &Path, variable: &str) -> bool {
    find_with("environ", below, variable).is_some_and(kill)
}

fn kill(pid: u32) -> bool {
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    // It may just have ended by itself.
    kill_process(pid, Signal::KILL).is_ok()
}
