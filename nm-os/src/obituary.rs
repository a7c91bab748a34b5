//! Tells of the end of processes: rings a bell when one of them has ended, which by then
//! has closed its files, and so let its locks go.

use std::sync::Arc;
#[cfg(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
))]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bell::Bell;
#[cfg(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
))]
use crate::pid_namespace::pid_namespace;
#[cfg(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
))]
use crate::threads::start_lock_waiter;
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
use crate::unix::{Stop, Watched, stop};
#[cfg(windows)]
use crate::windows::{Stop, Watched, stop};

/// A process by its id, and the pid namespace in which it has that.
pub type Process = (u32, Option<u64>);

/// Watches processes until it drops.
#[derive(Debug)]
pub struct Obituary {
    /// Ends the thread that watches, by dropping.
    #[cfg(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    ))]
    _stop: Stop,
    #[cfg(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    ))]
    is_silent: Arc<AtomicBool>,
}

impl Obituary {
    /// `None` if the end of each of these cannot be told: one has ended, or is in another
    /// pid namespace, or there are too many, or the system does not tell.
    #[cfg(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    ))]
    pub fn of(processes: &[Process], bell: &Arc<Bell>) -> Option<Self> {
        let ours = Some(pid_namespace()?);
        if processes.iter().any(|(_, namespace)| *namespace != ours) {
            return None;
        }
        let mut watched = Watched::open(processes.iter().map(|(process, _)| *process))?;
        let (until, stop) = stop().ok()?;
        let bell = bell.clone();
        let is_silent = Arc::new(AtomicBool::new(false));
        let silent = is_silent.clone();
        let watch = move || {
            while watched.wait_for_end(&until) {
                if !silent.load(Ordering::Relaxed) {
                    bell.ring();
                }
            }
        };
        start_lock_waiter(Box::new(watch)).ok()?;
        Some(Self {
            _stop: stop,
            is_silent,
        })
    }

    #[cfg(not(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    )))]
    pub fn of(processes: &[Process], _bell: &Arc<Bell>) -> Option<Self> {
        processes.is_empty().then_some(Self {})
    }

    /// Rings no more. Unlike to drop it, that needs no system call.
    pub fn silence(&self) {
        #[cfg(any(
            target_os = "linux",
            target_os = "macos",
            target_os = "freebsd",
            windows
        ))]
        self.is_silent.store(true, Ordering::Relaxed);
    }
}

#[cfg(all(
    test,
    any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    )
))]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::bell::End;
    #[cfg(unix)]
    use crate::unix::Dir;
    #[cfg(windows)]
    use crate::windows::Dir;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn the_end_of_each_process_rings_the_bell() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let bell = Arc::new(Bell::open(&dir, "bell").unwrap());
        let cat = || {
            // Reads until its input ends.
            let mut cat = Command::new(if cfg!(windows) { "cmd" } else { "cat" });
            cat.stdin(Stdio::piped()).stdout(Stdio::null());
            cat.spawn().unwrap()
        };
        let mut children = [cat(), cat()];
        let process = |pid| (pid, pid_namespace());
        let processes = [process(children[0].id()), process(children[1].id())];
        let obituary = Obituary::of(&processes, &bell).unwrap();
        for child in &mut children {
            let heard = bell.heard();
            drop(child.stdin.take());
            assert_eq!(bell.wait(heard, LONG), End::Rung);
            assert!(Obituary::of(&processes, &bell).is_none(), "one has ended");
            child.wait().unwrap();
            assert!(Obituary::of(&processes, &bell).is_none(), "there is none");
        }
        drop(obituary);
        assert!(Obituary::of(&[], &bell).is_some());
    }

    #[test]
    fn a_process_of_another_pid_namespace_cannot_be_told_of() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let bell = Arc::new(Bell::open(&dir, "bell").unwrap());
        let ours = std::process::id();
        assert!(Obituary::of(&[(ours, pid_namespace())], &bell).is_some());
        assert!(Obituary::of(&[(ours, Some(1))], &bell).is_none());
        assert!(Obituary::of(&[(ours, None)], &bell).is_none());
    }
}
