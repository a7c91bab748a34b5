//! Other processes.

#[cfg(feature = "tools")]
use std::ffi::OsString;
use std::io;
#[cfg(feature = "tools")]
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::ptr;
use std::time::Duration;

#[cfg(feature = "tools")]
use windows_sys::Wdk::System::Threading::ProcessCommandLineInformation;
use windows_sys::Wdk::System::Threading::{NtQueryInformationProcess, ProcessBasicInformation};
#[cfg(feature = "tools")]
use windows_sys::Win32::Foundation::UNICODE_STRING;
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, FILETIME, HANDLE};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS,
    PROCESS_BASIC_INFORMATION, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SYNCHRONIZE, QueryFullProcessImageNameW,
};

use super::wait;
use crate::ancestor::Ancestor;
use crate::process_state::ProcessState;

/// Every process sees all others by the same ids.
pub(crate) fn pid_namespace() -> Option<u64> {
    Some(0)
}

/// How the process with this id is.
pub(crate) fn process_state(pid: u32) -> ProcessState {
    match open_to_wait(pid) {
        Err(error) if is_gone(&error) => ProcessState::Ended,
        // A process that we may not open exists as well.
        Err(_) => ProcessState::Running,
        // As long as somebody has it open, one that has ended is there.
        Ok(process) => match wait::for_any([&process], Some(Duration::ZERO)) {
            Ok(Some(_)) => ProcessState::Ended,
            _ => ProcessState::Running,
        },
    }
}

/// Waits until this process has ended. `is_same` distinguishes it from a later process
/// with the same id.
pub fn wait_for_exit(pid: u32, is_same: impl Fn() -> bool) -> io::Result<()> {
    let process = match open_to_wait(pid) {
        Err(error) if is_gone(&error) => return Ok(()),
        process => process?,
    };
    // Asked after it is open: from here on it cannot change.
    if is_same() {
        wait::for_any([&process], None)?;
    }
    Ok(())
}

/// The process that has started this one, which may have ended since. Allocates nothing.
pub fn parent_id() -> u32 {
    // SAFETY: takes nothing and cannot fail. What it gives need not be closed.
    parent(unsafe { GetCurrentProcess() }).unwrap_or(0)
}

/// What is known of the process with this id, if it is there.
pub fn ancestor(pid: u32) -> Option<Ancestor> {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    let program = program(&process)?;
    Some(Ancestor {
        command: program.file_stem()?.to_str()?.to_ascii_lowercase(),
        parent: parent(process.as_raw_handle())?,
        started: started(&process)?,
    })
}

/// How a process has ended.
pub(super) fn exit_status(process: &OwnedHandle) -> io::Result<ExitStatus> {
    let mut code = 0;
    // SAFETY: the handle is open as long as it is borrowed, and `code` is what is written to.
    match unsafe { GetExitCodeProcess(process.as_raw_handle(), &mut code) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(ExitStatus::from_raw(code)),
    }
}

/// A process whose end can be waited for.
pub(super) fn open_to_wait(pid: u32) -> io::Result<OwnedHandle> {
    open(pid, PROCESS_SYNCHRONIZE)
}

pub(super) fn open(pid: u32, rights: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: takes no pointers.
    let process = unsafe { OpenProcess(rights, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, so nothing else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(process) })
}

fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_INVALID_PARAMETER as i32)
}

fn parent(process: HANDLE) -> Option<u32> {
    let mut found = PROCESS_BASIC_INFORMATION::default();
    // SAFETY: the callers have the process open; `found` is as long as is said, and is what
    // is written to.
    let status = unsafe {
        NtQueryInformationProcess(
            process,
            ProcessBasicInformation,
            (&raw mut found).cast(),
            size_of_val(&found) as u32,
            ptr::null_mut(),
        )
    };
    (status >= 0).then_some(found.InheritedFromUniqueProcessId as u32)
}

#[cfg(feature = "tools")]
pub(super) fn parent_of(process: &OwnedHandle) -> Option<u32> {
    parent(process.as_raw_handle())
}

/// The line by which it was started.
#[cfg(feature = "tools")]
pub(super) fn line(process: &OwnedHandle) -> Option<OsString> {
    // What is written: a length in bytes, and where the text is, which follows. The longest
    // line has 32,767 units.
    let mut room = vec![0_u64; 1 << 14];
    let size = size_of_val(&*room) as u32;
    // SAFETY: the handle is open as long as it is borrowed; `room` is as long as is said, and
    // is what is written to.
    let status = unsafe {
        NtQueryInformationProcess(
            process.as_raw_handle(),
            ProcessCommandLineInformation,
            room.as_mut_ptr().cast(),
            size,
            ptr::null_mut(),
        )
    };
    if status < 0 {
        return None;
    }
    // SAFETY: the system has put such a value at the beginning of `room`, which is aligned
    // for it and longer.
    let text = unsafe { room.as_ptr().cast::<UNICODE_STRING>().read() };
    let from = (text.Buffer as usize).checked_sub(room.as_ptr() as usize)?;
    let length = usize::from(text.Length);
    if text.Buffer.is_null() || from + length > size as usize {
        return None;
    }
    // SAFETY: within `room`, as was just seen; all that is in there is initialised.
    let units = unsafe { std::slice::from_raw_parts(text.Buffer, length / 2) };
    Some(OsString::from_wide(units))
}

/// In steps of 100 ns.
pub(super) fn started(process: &OwnedHandle) -> Option<u64> {
    let mut times = [FILETIME::default(); 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the handle is open as long as it is borrowed; the times are what is written to.
    let done = unsafe { GetProcessTimes(process.as_raw_handle(), created, ended, kernel, user) };
    let created = u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime);
    (done != 0).then_some(created)
}

pub(super) fn program(process: &OwnedHandle) -> Option<PathBuf> {
    // The longest path that there is.
    let mut path = vec![0; 1 << 15];
    let mut length = path.len() as u32;
    // SAFETY: the handle is open as long as it is borrowed; `path` is as long as `length`
    // says, and both are what is written to.
    let done = unsafe {
        QueryFullProcessImageNameW(
            process.as_raw_handle(),
            PROCESS_NAME_WIN32,
            path.as_mut_ptr(),
            &mut length,
        )
    };
    let path = String::from_utf16_lossy(path.get(..length as usize)?);
    (done != 0).then_some(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_knows_us_and_is_younger() {
        let own = ancestor(std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        let name = exe.file_stem().unwrap().to_str().unwrap();
        assert_eq!(own.command, name.to_ascii_lowercase());
        assert_eq!(own.parent, parent_id());
        // Reads its input, which we keep open.
        let mut child = Command::new("cmd");
        let child = child.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = child.spawn().unwrap();
        let found = ancestor(child.id()).unwrap();
        assert_eq!(found.command, "cmd");
        assert_eq!(found.parent, std::process::id());
        assert!(found.started >= own.started);
        assert_eq!(process_state(child.id()), ProcessState::Running);
        drop(child.stdin.take());
        wait_for_exit(child.id(), || true).unwrap();
        assert_eq!(process_state(child.id()), ProcessState::Ended);
        child.wait().unwrap();
    }

    #[test]
    fn there_is_no_process_with_an_odd_number() {
        // They are multiples of 4.
        assert_eq!(process_state(3), ProcessState::Ended);
        assert!(ancestor(3).is_none());
        wait_for_exit(3, || true).unwrap();
    }
}
