//! Jobs: processes that end together.

use std::io;
#[cfg(feature = "tools")]
use std::mem;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
#[cfg(feature = "tools")]
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_LIMIT_BREAKAWAY_OK;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};
#[cfg(feature = "tools")]
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, OpenThread, PROCESS_CREATION_FLAGS, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// A command and all that it starts, unless that leaves it. All of it ends when this drops,
/// or this process ends, however it does.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    fn new(limits: JOB_OBJECT_LIMIT) -> io::Result<Self> {
        // SAFETY: takes nothing but null pointers.
        let job = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, so nothing else owns it.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(job) });
        job.limit(limits)?;
        Ok(job)
    }

    /// Starts a command in a job of its own. What it starts may leave that, if it asks to.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or not in a job.
    #[cfg(feature = "tools")]
    pub fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        Self::start_with(command, 0, JOB_OBJECT_LIMIT_BREAKAWAY_OK)
    }

    pub(super) fn start_with(
        command: &mut Command,
        flags: PROCESS_CREATION_FLAGS,
        limits: JOB_OBJECT_LIMIT,
    ) -> io::Result<(Child, Self)> {
        let job = Self::new(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | limits)?;
        // Before it is in the job it could start what is not.
        let mut child = command.creation_flags(CREATE_SUSPENDED | flags).spawn()?;
        let begun = job
            .take_in(child.as_raw_handle())
            .and_then(|()| resume(child.id()));
        if let Err(error) = begun {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        Ok((child, job))
    }

    /// Ends all of it.
    pub(super) fn kill(&self) {
        // If it fails, there is none.
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }

    /// Whether a process of it lives.
    pub(super) fn lives(&self) -> bool {
        let mut found = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        // SAFETY: the handle is open; `found` is what is said and as long, and is what is
        // written to.
        let done = unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut found).cast(),
                size_of_val(&found) as u32,
                ptr::null_mut(),
            )
        };
        done != 0 && found.ActiveProcesses > 0
    }

    /// From here on, what is left of it goes on if this process ends.
    pub fn let_go(self) {
        // If it fails, it ends with us.
        let _ = self.limit(0);
    }

    fn limit(&self, flags: JOB_OBJECT_LIMIT) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        // SAFETY: the handle is open, and `limits` is what is said and as long.
        check(unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        })
    }

    fn take_in(&self, process: HANDLE) -> io::Result<()> {
        // SAFETY: the handle of the job is open, and so is the callers' one.
        check(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process) })
    }
}

/// From here on, what this process starts ends with it, however it ends.
///
/// # Errors
///
/// If the system does not allow it.
#[cfg(feature = "tools")]
pub fn end_children_with_us() -> io::Result<()> {
    let job = Job::new(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
    // SAFETY: takes nothing and cannot fail. What it gives need not be closed.
    job.take_in(unsafe { GetCurrentProcess() })?;
    // Closed by the end of this process: then all of the job ends.
    mem::forget(job);
    Ok(())
}

/// Lets a process begin that was started suspended. The standard library keeps its only
/// thread to itself.
fn resume(process: u32) -> io::Result<()> {
    // SAFETY: takes no pointers.
    let all = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if all == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, so nothing else owns it.
    let all = unsafe { OwnedHandle::from_raw_handle(all) };
    let mut found = THREADENTRY32 {
        dwSize: size_of::<THREADENTRY32>() as u32,
        ..THREADENTRY32::default()
    };
    // SAFETY: the handle is open; `found` says how long it is, and is what is written to.
    let mut more = unsafe { Thread32First(all.as_raw_handle(), &mut found) };
    while more != 0 && found.th32OwnerProcessID != process {
        // SAFETY: as above.
        more = unsafe { Thread32Next(all.as_raw_handle(), &mut found) };
    }
    if more == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: takes no pointers.
    let thread = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, found.th32ThreadID) };
    if thread.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, so nothing else owns it.
    let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
    // SAFETY: the handle is open.
    match unsafe { ResumeThread(thread.as_raw_handle()) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn check(done: i32) -> io::Result<()> {
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
