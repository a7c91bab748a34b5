//! Starting a process that inherits what it is given, and nothing else. What the standard
//! library starts inherits all that can be inherited, as the output of a test, whose reader
//! waits for its end.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::marker::PhantomData;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::process::Command;
use std::ptr;

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Threading::{
    CREATE_UNICODE_ENVIRONMENT, CreateProcessW, DeleteProcThreadAttributeList,
    EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, InitializeProcThreadAttributeList,
    LPPROC_THREAD_ATTRIBUTE_LIST, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, PROCESS_CREATION_FLAGS, PROCESS_INFORMATION,
    STARTF_USESTDHANDLES, STARTUPINFOEXW, STARTUPINFOW, UpdateProcThreadAttribute,
};

use super::wide;

/// How a process is started, beside its command.
#[derive(Default)]
pub(super) struct How<'a> {
    /// Whose child it is to be instead of ours. It inherits nothing of us then.
    pub(super) parent: Option<&'a OwnedHandle>,
    /// Its standard streams. It inherits nothing else.
    pub(super) streams: [Option<BorrowedHandle<'a>>; 3],
    pub(super) flags: PROCESS_CREATION_FLAGS,
}

/// Starts it. Of the command counts what was said of program, arguments, environment and
/// directory.
pub(super) fn start(command: &Command, how: &How) -> io::Result<OwnedHandle> {
    let program = wide::path(Path::new(command.get_program()))?;
    let mut line = line(
        [command.get_program()]
            .into_iter()
            .chain(command.get_args()),
    );
    let environment = environment(command);
    let dir = command.get_current_dir().map(wide::text);
    let dir = dir.as_ref().map_or(ptr::null(), |dir| dir.as_ptr());
    let streams = how
        .streams
        .map(|stream| stream.map(inheritable).transpose());
    let [input, output, error] = streams;
    let streams = [input?, output?, error?];
    let inherited: Vec<HANDLE> = streams.iter().flatten().map(raw).collect();
    let parent = how.parent.map(|parent| [raw(parent)]);
    let mut all = Vec::new();
    if let Some(parent) = &parent {
        all.push((PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parent[..]));
    }
    if !inherited.is_empty() {
        all.push((PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &inherited[..]));
    }
    let attributes = Attributes::of(&all)?;
    let mut startup = STARTUPINFOEXW {
        StartupInfo: STARTUPINFOW {
            cb: size_of::<STARTUPINFOEXW>() as u32,
            ..STARTUPINFOW::default()
        },
        lpAttributeList: attributes.list(),
    };
    if !inherited.is_empty() {
        let [input, output, error] = streams
            .each_ref()
            .map(|stream| stream.as_ref().map_or(INVALID_HANDLE_VALUE, raw));
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        startup.StartupInfo.hStdInput = input;
        startup.StartupInfo.hStdOutput = output;
        startup.StartupInfo.hStdError = error;
    }
    let flags = how.flags | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
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
            i32::from(!inherited.is_empty()),
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

fn raw(handle: &OwnedHandle) -> HANDLE {
    handle.as_raw_handle()
}

/// The same, for a child.
fn inheritable(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let mut copy = ptr::null_mut();
    // SAFETY: the handle is open as long as it is borrowed, and `copy` is what is written to.
    let done = unsafe {
        let own = GetCurrentProcess();
        DuplicateHandle(
            own,
            handle.as_raw_handle(),
            own,
            &mut copy,
            0,
            1,
            DUPLICATE_SAME_ACCESS,
        )
    };
    match done {
        0 => Err(io::Error::last_os_error()),
        // SAFETY: just opened, so nothing else owns it.
        _ => Ok(unsafe { OwnedHandle::from_raw_handle(copy) }),
    }
}

/// The words as one line, as programs take it apart again: a word is in quotes; a quote in it
/// follows a backslash, and backslashes before a quote are doubled.
fn line<'a>(words: impl Iterator<Item = &'a OsStr>) -> Vec<u16> {
    const QUOTE: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    let mut line = Vec::new();
    for word in words {
        line.push(QUOTE);
        let mut backslashes = 0;
        for unit in word.encode_wide() {
            match unit {
                BACKSLASH => backslashes += 1,
                QUOTE => {
                    line.extend([BACKSLASH].repeat(backslashes + 1));
                    backslashes = 0;
                }
                _ => backslashes = 0,
            }
            line.push(unit);
        }
        line.extend([BACKSLASH].repeat(backslashes));
        line.extend([QUOTE, u16::from(b' ')]);
    }
    line.push(0);
    line
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
    /// The list points to them.
    _values: PhantomData<&'a [HANDLE]>,
}

impl<'a> Attributes<'a> {
    fn of(all: &[(u32, &'a [HANDLE])]) -> io::Result<Self> {
        let count = all.len() as u32;
        let mut length = 0;
        // SAFETY: without a list it only writes how long that would be.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), count, 0, &mut length) };
        let mut room = vec![0_usize; length.div_ceil(size_of::<usize>())];
        let list: LPPROC_THREAD_ATTRIBUTE_LIST = room.as_mut_ptr().cast();
        // SAFETY: there is as much room as the system has asked for.
        if unsafe { InitializeProcThreadAttributeList(list, count, 0, &mut length) } == 0 {
            return Err(io::Error::last_os_error());
        }
        let attributes = Self {
            room,
            _values: PhantomData,
        };
        for (attribute, values) in all {
            // SAFETY: the list was initialised for so many attributes; their values are
            // handles, which live as long as the list.
            let done = unsafe {
                UpdateProcThreadAttribute(
                    list,
                    0,
                    *attribute as usize,
                    values.as_ptr().cast(),
                    size_of_val(*values),
                    ptr::null_mut(),
                    ptr::null(),
                )
            };
            if done == 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(attributes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together_so_that_programs_find_them_again() {
        let words = [r"C:\a b\", "", r#"say "x""#, r#"\"#, r#"a\\"b"#];
        let found = line(words.iter().map(OsStr::new));
        let expected = concat!(r#""C:\a b\\" "" "say \"x\"" "\\" "a\\\\\"b" "#, "\0");
        assert_eq!(String::from_utf16(&found).unwrap(), expected);
    }
}
