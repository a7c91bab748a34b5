//! Children, and those that they leave to this process when they end.

use std::path::Path;
use std::process::{Child, Command};
use std::{fs, io};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// A child that has ended, if any has since the last time.
pub fn next_gone() -> io::Result<Gone> {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((pid, _))) => Ok(Gone::One(pid.as_raw_nonzero().to_string())),
        Ok(None) => Ok(Gone::None),
        Err(rustix::io::Errno::CHILD) => Ok(Gone::All),
        Err(error) => Err(error.into()),
    }
}

/// What [`next_gone`] found.
pub enum Gone {
    One(String),
    None,
    All,
}

/// Starts a process that this one waits for with [`next_gone`].
pub fn spawn(command: &mut Command) -> io::Result<u32> {
    // Not waited for by its handle, which does nothing when dropped.
    command.spawn().map(|child: Child| child.id())
}

/// Kills a process by its number, if it still runs this program.
pub fn kill(process: u32, program: &Path) {
    let runs = fs::read_link(format!("/proc/{process}/exe"));
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let (Ok(runs), Some(pid)) = (runs, pid)
        && runs == program
    {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// All processes below this one.
pub fn below(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut unseen = vec![process];
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, parent(pid)?)))
        .collect();
    while let Some(above) = unseen.pop() {
        for (pid, _) in parents.iter().filter(|(_, parent)| *parent == above) {
            found.push(*pid);
            unseen.push(*pid);
        }
    }
    found
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(1)?.parse().ok()
}
