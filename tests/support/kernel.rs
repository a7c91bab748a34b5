//! What the kernel knows of file locks: who holds one, who is queued for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One line of `/proc/locks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// Queued, rather than held.
    pub blocked: bool,
    pub pid: u32,
    pub inode: u64,
}

/// All file locks that this machine tells of.
pub fn locks() -> Vec<FileLock> {
    let text = fs::read_to_string("/proc/locks").expect("Linux tells of its locks");
    text.lines().filter_map(parse).collect()
}

/// `1: -> FLOCK  ADVISORY  WRITE 2802 fe:00:10010642 0 EOF`
fn parse(line: &str) -> Option<FileLock> {
    let mut words = line.split_ascii_whitespace().skip(1).peekable();
    let blocked = words.next_if_eq(&"->").is_some();
    let mut words = words.skip(3);
    let pid = words.next()?.parse().ok()?;
    let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
    Some(FileLock {
        blocked,
        pid,
        inode,
    })
}

pub fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|found| found.ino())
}

/// Whether all threads of a process are stopped.
pub fn is_stopped(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    tasks.into_iter().flatten().flatten().all(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // `pid (name) state ..`
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" T"))
    })
}
