#[cfg(target_os = "linux")]
use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
#[cfg(not(target_os = "linux"))]
use std::time::Duration;

use super::calls;
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use super::events::{Events, Watch};
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use super::kinfo::kinfo;
use crate::ancestor::Ancestor;
use crate::process_state::ProcessState;

/// How the process with this id in our pid namespace is.
pub(crate) fn process_state(pid: u32) -> ProcessState {
    // A process that we may not signal exists as well.
    if matches!(calls::find_process(pid), Err(error) if is_gone(&error)) {
        return ProcessState::Ended;
    }
    #[cfg(target_os = "linux")]
    match state(pid) {
        Some('T' | 't') => return ProcessState::Stopped,
        // Its parent has not taken note of its end yet.
        Some('Z' | 'X') => return ProcessState::Ended,
        _ => {}
    }
    #[cfg(any(target_os = "macos", target_os = "freebsd"))]
    match kinfo(pid) {
        Some(kinfo) if kinfo.has_ended => return ProcessState::Ended,
        Some(kinfo) if kinfo.is_stopped => return ProcessState::Stopped,
        _ => {}
    }
    ProcessState::Running
}

/// The letter by which the kernel tells a process' state.
#[cfg(target_os = "linux")]
fn state(pid: u32) -> Option<char> {
    // In a pid namespace without a `/proc` of its own the ids in it are others.
    let own = std::fs::read_link("/proc/self").ok()?;
    if own.to_str()?.parse() != Ok(std::process::id()) {
        return None;
    }
    // `pid (command) state ..`, where the command may contain anything.
    let stat = stat(pid)?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// What the kernel tells of a process, in one read.
#[cfg(target_os = "linux")]
fn stat(pid: u32) -> Option<String> {
    // Long enough for all of it on any system.
    let mut stat = vec![0; 1024];
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    let read = file.read(&mut stat).ok()?;
    stat.truncate(read);
    String::from_utf8(stat).ok()
}

/// What is known of the process with this id, if it is there.
#[cfg(target_os = "linux")]
pub fn ancestor(pid: u32) -> Option<Ancestor> {
    let stat = stat(pid)?;
    // `pid (command) state parent ..`, where the command may contain anything.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, command) = before.split_once('(')?;
    let mut fields = after.split_ascii_whitespace().skip(1);
    Some(Ancestor {
        command: command.to_owned(),
        parent: fields.next()?.parse().ok()?,
        started: fields.nth(17)?.parse().ok()?,
    })
}

/// What is known of the process with this id, if it is there.
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub fn ancestor(pid: u32) -> Option<Ancestor> {
    kinfo(pid).map(|kinfo| kinfo.ancestor)
}

/// What is known of the process with this id, if it is there.
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
pub fn ancestor(_pid: u32) -> Option<Ancestor> {
    None
}

/// The pid namespace of this process.
#[cfg(target_os = "linux")]
pub(crate) fn pid_namespace() -> Option<u64> {
    let namespace = std::fs::metadata("/proc/self/ns/pid");
    namespace.ok().map(|file| file.ino())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pid_namespace() -> Option<u64> {
    Some(0)
}

/// This program: the running one, even if its file was replaced by a newer build.
#[cfg(target_os = "linux")]
pub fn own_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.symlink_metadata().is_ok() {
        return Ok(running);
    }
    let started = calls::executed().map(std::path::absolute).transpose()?;
    started.filter(|path| path.is_file()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "nothing says where this program is: `/proc` is not mounted, and it was started from a file that is gone; mount `/proc`",
        )
    })
}

/// What emulates this process' processor (QEMU, in user mode), and the program that it was
/// given. The kernel cannot execute that by itself.
#[cfg(target_os = "linux")]
pub fn emulator() -> Option<(PathBuf, PathBuf)> {
    let program = std::fs::read_link("/proc/self/exe").ok()?;
    // An emulator tells its program when the link is read, and executes that when it is to
    // be executed. It does neither when this path is used.
    let running = PathBuf::from("//proc/self/exe");
    // No file has the path of a program that was replaced.
    let (told, ran) = (program.metadata().ok()?, running.metadata().ok()?);
    let same = (told.dev(), told.ino()) == (ran.dev(), ran.ino());
    (!same).then_some((running, program))
}

/// This program.
#[cfg(not(target_os = "linux"))]
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Leaves the session of the process that started this one, and closes all inherited
/// descriptors except the standard streams.
pub fn detach() -> io::Result<()> {
    calls::new_session()?;
    calls::keep_ended_children();
    let mut inherited = Vec::new();
    if let Ok(entries) = std::fs::read_dir("/dev/fd") {
        for entry in entries.flatten() {
            let name = entry.file_name();
            if let Some(Ok(fd @ 3..)) = name.to_str().map(str::parse::<u32>) {
                inherited.push(fd);
            }
        }
    }
    for fd in inherited {
        // The descriptor that listed the directory is closed by now.
        let path = format!("/dev/fd/{fd}");
        if Path::new(&path).symlink_metadata().is_err() {
            continue;
        }
        // SAFETY: called before `main`, before anything else that this process does,
        // so nothing in it owns a descriptor.
        #[allow(
            unsafe_code,
            reason = "descriptors without an owner have no safe close"
        )]
        let owned = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        drop(owned);
    }
    Ok(())
}

/// What tools that list processes call this one, up to 15 characters of it.
pub fn name_process(name: &str) {
    // Other systems show its arguments alone, of which the first says the same.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/comm", name);
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

/// Waits until this process has ended. `is_same` distinguishes it from a later process
/// with the same id.
pub fn wait_for_exit(pid: u32, is_same: impl Fn() -> bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let handle = match calls::open_process(pid) {
            Err(error) if is_gone(&error) => return Ok(()),
            handle => handle?,
        };
        // Asked after the handle is open: from here on it cannot change.
        while is_same() {
            if calls::poll([&handle], None)? != [calls::Polled::Nothing] {
                break;
            }
        }
    }
    #[cfg(any(target_os = "macos", target_os = "freebsd"))]
    {
        let mut events = Events::new()?;
        match events.watch(Watch::Ended(pid)) {
            Err(error) if is_gone(&error) => return Ok(()),
            watched => watched?,
        }
        // Asked after the process is watched: from here on it cannot change. Once in a while
        // again, should its end not be told.
        while is_same() && events.wait(Some(Duration::from_secs(1)))?.ended == 0 {}
    }
    // Without a kernel that tells: look periodically.
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
    while process_state(pid) != ProcessState::Ended && is_same() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH)
}
