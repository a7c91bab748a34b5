//! Starting a process that outlives the one which starts it, and tells that once when it
//! stands by.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString, c_void};
use std::fs;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, CREATE_UNICODE_ENVIRONMENT,
    CreateProcessW, DETACHED_PROCESS, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT,
    GetExitCodeProcess, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, PROCESS_CREATE_PROCESS, PROCESS_CREATION_FLAGS,
    PROCESS_INFORMATION, STARTUPINFOEXW, STARTUPINFOW, UpdateProcThreadAttribute,
};

use super::{file, process, wait, wide};

/// A process that was started to stand by. It goes on if this drops.
#[derive(Debug)]
pub struct Standby(OwnedHandle);

impl Standby {
    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        wait::for_any([&self.0], None)?;
        let mut code = 0;
        // SAFETY: the handle is open as long as it is borrowed, and `code` is what is
        // written to.
        match unsafe { GetExitCodeProcess(self.0.as_raw_handle(), &mut code) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(ExitStatus::from_raw(code)),
        }
    }
}

/// Starts it, and waits for its [`answer`], which is empty if it ends without one.
///
/// It inherits no handle: a runner that waits for the end of a test's output would wait for
/// the end of what the test has started, too. So it is told an event and a file.
///
/// It is started as a child of what has started the runner, if that can be: `cargo` and all
/// its children are in a job that ends with it if it is interrupted. Or else outside of our
/// job, if that may be left.
pub(crate) fn start_standby(
    command: &mut Command,
    title: &str,
    state_dir: &Path,
    runner: u32,
) -> io::Result<(Standby, Vec<u8>)> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let own = std::process::id();
    let name = format!(r"Local\name-manager-standby-{own}-{number}");
    let said = state_dir.join(format!(".standby-{own}-{number}"));
    let event = wait::event(Some(&name))?;
    command.args([OsStr::new(title), OsStr::new(&name), said.as_os_str()]);

    let above = process::ancestor(runner).and_then(|runner| {
        let above = process::ancestor(runner.parent)?;
        // Ids are soon those of other processes.
        (above.started <= runner.started)
            .then(|| process::open(runner.parent, PROCESS_CREATE_PROCESS).ok())?
    });
    let started = above.and_then(|above| start(command, Some(&above), 0).ok());
    let started = started.or_else(|| start(command, None, CREATE_BREAKAWAY_FROM_JOB).ok());
    let process = started.map_or_else(|| start(command, None, 0), Ok)?;
    wait::for_any([&event, &process], None)?;
    let text = match fs::read(&said) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        text => text?,
    };
    let _ = file::remove(&said);
    Ok((Standby(process), text))
}

/// Tells who has started this process, in it, and nothing more from then on.
pub(crate) fn answer(said: &[u8]) -> io::Result<()> {
    static ANSWERED: AtomicBool = AtomicBool::new(false);
    if ANSWERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // Behind the program and the title.
    let mut told = env::args_os().skip(2);
    let (Some(event), Some(path)) = (told.next(), told.next()) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "nothing says whom to answer",
        ));
    };
    file::write_private(Path::new(&path), said)?;
    let event = event.to_str().ok_or(io::ErrorKind::InvalidInput)?;
    wait::set(&wait::event(Some(event))?);
    Ok(())
}

fn start(
    command: &Command,
    parent: Option<&OwnedHandle>,
    flags: PROCESS_CREATION_FLAGS,
) -> io::Result<OwnedHandle> {
    let program = wide::path(Path::new(command.get_program()))?;
    let mut line = Vec::new();
    for word in [command.get_program()]
        .into_iter()
        .chain(command.get_args())
    {
        // None of them has quotes or ends with a backslash.
        line.extend(OsStr::new("\"").encode_wide());
        line.extend(word.encode_wide());
        line.extend(OsStr::new("\" ").encode_wide());
    }
    line.push(0);
    let environment = environment(command);
    let dir = command.get_current_dir().map(wide::text);
    let dir = dir.as_ref().map_or(ptr::null(), |dir| dir.as_ptr());
    let attributes = parent.map(Attributes::with_parent).transpose()?;
    let mut startup = STARTUPINFOEXW {
        StartupInfo: STARTUPINFOW {
            cb: size_of::<STARTUPINFOEXW>() as u32,
            ..STARTUPINFOW::default()
        },
        lpAttributeList: ptr::null_mut(),
    };
    if let Some(attributes) = &attributes {
        startup.lpAttributeList = attributes.list();
    }
    let flags = flags
        | DETACHED_PROCESS
        | CREATE_NEW_PROCESS_GROUP
        | CREATE_UNICODE_ENVIRONMENT
        | EXTENDED_STARTUPINFO_PRESENT;
    let mut started = PROCESS_INFORMATION::default();
    // SAFETY: all texts end with a NUL, the environment with two; they, and what the
    // attributes point to, live until the call is over; `line` may be changed, and `started`
    // is what is written to.
    let done = unsafe {
        CreateProcessW(
            program.as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            0,
            flags,
            environment.as_ptr().cast(),
            dir,
            &startup.StartupInfo,
            &mut started,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, so nothing else owns them.
    unsafe {
        drop(OwnedHandle::from_raw_handle(started.hThread));
        Ok(OwnedHandle::from_raw_handle(started.hProcess))
    }
}

/// Ours, as the command changes it, in the order that the system wants.
fn environment(command: &Command) -> Vec<u16> {
    let key = |key: &OsStr| key.to_ascii_uppercase();
    let mut all: BTreeMap<OsString, (OsString, OsString)> = env::vars_os()
        .map(|(name, value)| (key(&name), (name, value)))
        .collect();
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => all.insert(key(name), (name.to_owned(), value.to_owned())),
            None => all.remove(&key(name)),
        };
    }
    let mut block = Vec::new();
    for (name, value) in all.values() {
        block.extend(name.encode_wide());
        block.push(u16::from(b'='));
        block.extend(value.encode_wide());
        block.push(0);
    }
    block.push(0);
    block
}

/// What a process is started with, beside the usual.
struct Attributes<'a> {
    room: Vec<usize>,
    /// The list points to it.
    _parent: Box<HANDLE>,
    _open: &'a OwnedHandle,
}

impl<'a> Attributes<'a> {
    /// A process is started as a child of this one.
    fn with_parent(parent: &'a OwnedHandle) -> io::Result<Self> {
        let mut length = 0;
        // SAFETY: without a list it only writes how long that would be.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &mut length) };
        let mut room = vec![0_usize; length.div_ceil(size_of::<usize>())];
        let list: LPPROC_THREAD_ATTRIBUTE_LIST = room.as_mut_ptr().cast();
        // SAFETY: there is as much room as the system has asked for.
        if unsafe { InitializeProcThreadAttributeList(list, 1, 0, &mut length) } == 0 {
            return Err(io::Error::last_os_error());
        }
        let handle = Box::new(parent.as_raw_handle());
        let value: *const HANDLE = &*handle;
        let attributes = Self {
            room,
            _parent: handle,
            _open: parent,
        };
        // SAFETY: the list was initialised for one attribute; its value is a handle, which
        // lives as long as the list.
        let done = unsafe {
            UpdateProcThreadAttribute(
                list,
                0,
                PROC_THREAD_ATTRIBUTE_PARENT_PROCESS as usize,
                value.cast::<c_void>(),
                size_of::<HANDLE>(),
                ptr::null_mut(),
                ptr::null(),
            )
        };
        match done {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(attributes),
        }
    }

    fn list(&self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.room.as_ptr().cast_mut().cast()
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: initialised, and used no more.
        unsafe { DeleteProcThreadAttributeList(self.list()) };
    }
}
