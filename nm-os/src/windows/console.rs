//! What is typed at the console, and its end.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::thread;

use once_cell::sync::OnceCell;
use windows_sys::Win32::Foundation::{CloseHandle, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_PIPE, GetFileType};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, FreeConsole, GetStdHandle, STD_ERROR_HANDLE, STD_OUTPUT_HANDLE,
    SetConsoleCtrlHandler, SetStdHandle,
};

use super::wait;

/// Signalled when this process is asked to end.
static ASKED: OnceCell<OwnedHandle> = OnceCell::new();

/// As long as it lives, Ctrl-C does not end this process, nor Ctrl-Break; and if its console
/// is closed, or its user leaves, it has some seconds.
#[derive(Debug)]
pub struct Interrupts(&'static OwnedHandle);

impl Interrupts {
    /// # Errors
    ///
    /// If the system refuses.
    pub fn listen() -> io::Result<Self> {
        let asked = ASKED.get_or_try_init(|| wait::event(None))?;
        // SAFETY: the handler is a function, and so there as long as this program.
        match unsafe { SetConsoleCtrlHandler(Some(take), 1) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(Self(asked)),
        }
    }

    /// Signalled when one has come.
    pub fn event(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        // SAFETY: as in `listen`.
        unsafe { SetConsoleCtrlHandler(Some(take), 0) };
    }
}

/// Called by the system, in a thread of its own.
unsafe extern "system" fn take(kind: u32) -> i32 {
    if let Some(asked) = ASKED.get() {
        wait::set(asked);
    }
    match kind {
        CTRL_C_EVENT | CTRL_BREAK_EVENT => 1,
        // As soon as this returned, the process would end.
        _ => loop {
            thread::park();
        },
    }
}

/// Leaves the console, and closes what this process would print to: nobody waits for it any
/// more.
pub fn leave() {
    // SAFETY: takes nothing.
    unsafe { FreeConsole() };
    for stream in [STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: takes no pointers. Whoever prints asks for the handle each time, and then
        // there is none, for which the standard library is prepared.
        unsafe {
            let open = GetStdHandle(stream);
            SetStdHandle(stream, ptr::null_mut());
            if !open.is_null() && open != INVALID_HANDLE_VALUE {
                CloseHandle(open);
            }
        }
    }
}

/// Whether standard input is a pipe, or a socket.
pub fn input_is_a_pipe() -> bool {
    // SAFETY: the handle is open as long as it is borrowed.
    unsafe { GetFileType(io::stdin().as_raw_handle()) == FILE_TYPE_PIPE }
}
