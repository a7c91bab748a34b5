use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::path::Path;
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// How many file descriptors this process may have open.
pub(crate) fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Whether a process with this id exists. For explanations only: ids are reused.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return false;
    };
    rustix::process::test_kill_process(pid) != Err(Errno::SRCH)
}

/// The id of the process that started this one.
pub(crate) fn parent_id() -> u32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get() as u32)
}

/// Leaves the session of whoever started this process, and closes all that was
/// inherited but the standard streams.
pub(crate) fn detach() -> io::Result<()> {
    rustix::process::setsid()?;
    let inherited: Vec<RawFd> = match std::fs::read_dir("/dev/fd") {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|fd| *fd > 2)
            .collect(),
        Err(_) => Vec::new(),
    };
    // The one that listed the directory is closed by now.
    let is_open = |fd: &RawFd| {
        Path::new(&format!("/dev/fd/{fd}"))
            .symlink_metadata()
            .is_ok()
    };
    for fd in inherited.into_iter().filter(is_open) {
        // SAFETY: called before `main`, first of all that this process does, so
        // nothing in it owns a descriptor.
        #[allow(
            unsafe_code,
            reason = "descriptors without an owner have no safe close"
        )]
        unsafe {
            rustix::io::close(fd);
        }
    }
    Ok(())
}

/// Closes standard output: whoever reads it sees its end.
pub(crate) fn close_stdout() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

/// Waits until that process has ended. `is_same` tells it from another that has
/// its id by now.
pub(crate) fn wait_for_exit(pid: u32, is_same: impl Fn() -> bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let Some(id) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let handle = match rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // Looked at after it is held: from here on the handle cannot change.
        while is_same() {
            let mut polled = [PollFd::new(&handle, PollFlags::IN)];
            match poll(&mut polled, None) {
                Err(Errno::INTR) => {}
                done => return Ok(done.map(drop)?),
            }
        }
        return Ok(());
    }
    // Without handles of processes: look now and then.
    while is_alive(pid) && is_same() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
