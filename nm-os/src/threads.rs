//! The threads of this process that may read its environment.

use std::io;
use std::thread::Builder;

/// A thread other than the calling one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// As the kernel truncates it.
    pub name: String,
    /// Runs `main`.
    pub is_main: bool,
}

/// The other threads of this process that may be reading its environment through libc, where
/// that is a data race with a change of it.
///
/// Threads that are ending are given a second: some have told whom they worked for that
/// they are done, and nobody can be told when they are gone.
#[cfg(target_os = "linux")]
pub fn environment_readers() -> io::Result<Vec<Thread>> {
    use std::thread;
    use std::time::{Duration, Instant};

    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let found = others()?;
        if found.iter().all(|thread| thread.is_main) || Instant::now() > until {
            return Ok(found);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// On Windows the system keeps readers and writers apart.
#[cfg(windows)]
pub fn environment_readers() -> io::Result<Vec<Thread>> {
    Ok(Vec::new())
}

/// An error: this system does not say what its threads do.
#[cfg(not(any(windows, target_os = "linux")))]
pub fn environment_readers() -> io::Result<Vec<Thread>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What threads of ours are called that wait for a lock or write to files, and read no
/// environment.
pub const LOCK_WAITER: &str = "name-manager-queue";

/// Starts a thread that does no more than that. The work is boxed: to start a thread is a lot
/// of code to compile, which is then compiled once.
pub fn start_lock_waiter(work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let thread = Builder::new().name(LOCK_WAITER.to_owned());
    thread.stack_size(64 << 10).spawn(work).map(drop)
}

#[cfg(target_os = "linux")]
fn others() -> io::Result<Vec<Thread>> {
    use std::fs;
    use std::path::Path;

    /// The kernel's `TASK_COMM_LEN`, without the NUL.
    const LONGEST: usize = 15;
    let (ours, our_process) = {
        // `PID/task/TID`; of another process if `/proc` is that of another pid namespace.
        let link = fs::read_link("/proc/thread-self")?;
        let number = |path: Option<&Path>| path?.file_name()?.to_str()?.parse::<u32>().ok();
        (number(Some(&link)), number(link.ancestors().nth(2)))
    };
    let process = std::process::id();
    let (Some(ours), true) = (ours, our_process == Some(process)) else {
        return Err(io::Error::other("`/proc` is not this process's"));
    };
    let mut others = Vec::new();
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if number == Some(ours) {
            continue;
        }
        let stat = match fs::read_to_string(entry.path().join("stat")) {
            Ok(stat) => stat,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error),
        };
        let Some(task) = Task::parse(&stat) else {
            return Err(io::Error::other(format!("`{stat}` is no thread")));
        };
        if task.is_ending || task.name == &LOCK_WAITER[..LONGEST] {
            continue;
        }
        others.push(Thread {
            name: task.name.to_owned(),
            is_main: number == Some(process),
        });
    }
    Ok(others)
}

/// It ended between listing and reading.
#[cfg(target_os = "linux")]
fn is_gone(error: &io::Error) -> bool {
    const ESRCH: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

/// One thread's `stat`.
#[cfg(target_os = "linux")]
struct Task<'a> {
    name: &'a str,
    /// Past all user code: what joins it may have been woken already, while it is still
    /// listed.
    is_ending: bool,
}

#[cfg(target_os = "linux")]
impl<'a> Task<'a> {
    fn parse(stat: &'a str) -> Option<Self> {
        const PF_EXITING: u32 = 0x4;
        // `tid (name) state ppid pgrp session tty tpgid flags ..`, where the name may
        // contain anything.
        let (before, after) = stat.rsplit_once(") ")?;
        let (_, name) = before.split_once(" (")?;
        let flags: u32 = after.split_ascii_whitespace().nth(6)?.parse().ok()?;
        Some(Self {
            name,
            is_ending: flags & PF_EXITING != 0,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn has(name: &str) -> bool {
        others().unwrap().iter().any(|thread| thread.name == name)
    }

    #[test]
    fn a_thread_is_found_until_it_was_joined() {
        let (go, wait) = mpsc::channel::<()>();
        let (said, heard) = mpsc::channel();
        let thread = thread::Builder::new().name("is there".to_owned());
        let thread = thread.spawn(move || {
            said.send(has("is there")).unwrap();
            let _ = wait.recv();
        });
        let thread = thread.unwrap();
        assert!(!heard.recv().unwrap(), "a thread is not beside itself");
        assert!(has("is there"));
        drop(go);
        thread.join().unwrap();
        // The kernel may still list it.
        assert!(!has("is there"));
    }

    #[test]
    fn what_waits_for_a_lock_is_not_in_the_way() {
        let (go, wait) = mpsc::channel::<()>();
        let (said, heard) = mpsc::channel();
        let thread = thread::Builder::new().name(LOCK_WAITER.to_owned());
        let thread = thread.spawn(move || {
            said.send(()).unwrap();
            let _ = wait.recv();
        });
        heard.recv().unwrap();
        assert!(
            !others()
                .unwrap()
                .iter()
                .any(|it| it.name.starts_with("name-manager"))
        );
        drop(go);
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn stat_is_read_whatever_the_name_is() {
        let of = |name: &str, flags: u32| format!("7 ({name}) S 1 2 3 0 -1 {flags} 0 0\n");
        for name in ["a", "a) S 1", "(a (b) ", ""] {
            let stat = of(name, 0x40_0040);
            let task = Task::parse(&stat).unwrap();
            assert_eq!((task.name, task.is_ending), (name, false));
        }
        assert!(Task::parse(&of("a", 0x40_0044)).unwrap().is_ending);
        assert!(Task::parse("7 (a) S 1").is_none());
    }
}
