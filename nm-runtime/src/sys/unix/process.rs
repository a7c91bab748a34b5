use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::path::Path;
#[cfg(not(target_os = "linux"))]
use std::time::Duration;

use super::calls;

/// Whether a process with this id exists. For explanations only: ids are reused.
pub(crate) fn is_alive(pid: u32) -> bool {
    // A process that we may not signal exists as well.
    !matches!(calls::find_process(pid), Err(error) if is_gone(&error))
}

/// Leaves the session of the process that started this one, and closes all inherited
/// descriptors except the standard streams.
pub(crate) fn detach() -> io::Result<()> {
    calls::new_session()?;
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
        unsafe {
            rustix::io::close(fd as RawFd);
        }
    }
    Ok(())
}

/// Closes standard output: its reader sees the end.
pub(crate) fn close_stdout() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

/// Waits until this process has ended. `is_same` distinguishes it from a later process
/// with the same id.
pub(crate) fn wait_for_exit(pid: u32, is_same: impl Fn() -> bool) -> io::Result<()> {
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
    // Without handles of processes: look periodically.
    #[cfg(not(target_os = "linux"))]
    while is_alive(pid) && is_same() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH)
}
