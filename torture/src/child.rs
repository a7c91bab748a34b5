//! Children, and those that they leave to this process when they end.

use std::path::Path;
use std::process::{Child, Command};
use std::{fs, io};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// A child that has ended, if any has since the last time.
pub fn next_gone() -> io::Result<Gone> {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((pid, _))) => Ok(Gone::One(pid.as_raw_nonzero().get() as u32)),
        Ok(None) => Ok(Gone::None),
        Err(rustix::io::Errno::CHILD) => Ok(Gone::All),
        Err(error) => Err(error.into()),
    }
}

/// What [`next_gone`] found.
pub enum Gone {
    One(u32),
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

/// All processes below this one, the nearest first.
pub fn below(process: u32) -> Vec<u32> {
    let mut found = vec![process];
    let processes = processes();
    let mut at = 0;
    while let Some(above) = found.get(at).copied() {
        let below = processes.iter().filter(|(_, parent)| *parent == above);
        found.extend(below.map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// All processes, each with its parent.
fn processes() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, parent(pid)?)))
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The id that this process has in its own pid namespace.
pub fn id_inside(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    ids.split_ascii_whitespace().next_back()?.parse().ok()
}

/// Whether this process has that name.
pub fn is_called(pid: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|called| called.trim_end() == name)
}
