//! Named pipes: by them processes of one user talk to one that listens.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{mem, ptr};

use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, ERROR_NO_DATA, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX, ReadFile,
    SECURITY_IDENTIFICATION, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, GetNamedPipeClientProcessId, PIPE_READMODE_BYTE,
    PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, WaitNamedPipeW,
};

use super::{file, file_info, owner, wait, wide};

/// How much is written before somebody reads.
const ROOM: u32 = 64 << 10;

/// The name of what listens in a directory, however its path is spelt.
fn name(dir: &Path, id: &str) -> io::Result<String> {
    let dir = file_info::id(&file::look(dir, true)?)?;
    Ok(format!(
        r"\\.\pipe\name-manager-{:x}-{:x}-{id}",
        dir.device, dir.inode
    ))
}

/// Listens for processes of this user. What it listens to goes with it.
#[derive(Debug)]
pub struct PipeListener {
    name: String,
    patience: Duration,
    next: Next,
}

impl PipeListener {
    /// As this in a directory. Who is silent is waited for so long.
    ///
    /// # Errors
    ///
    /// If something listens there already, or the system refuses.
    pub fn bind(dir: &Path, id: &str, patience: Duration) -> io::Result<Self> {
        let name = name(dir, id)?;
        Ok(Self {
            next: Next::new(&name, FILE_FLAG_FIRST_PIPE_INSTANCE)?,
            name,
            patience,
        })
    }

    /// Signalled when somebody has come.
    pub fn event(&self) -> BorrowedHandle<'_> {
        self.next.came.as_handle()
    }

    /// Who has come, or comes.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn accept(&mut self) -> io::Result<PipeStream> {
        // Before the other is served: so one more can come meanwhile.
        let next = Next::new(&self.name, 0)?;
        let pipe = mem::replace(&mut self.next, next).connected()?;
        PipeStream::of(pipe, self.patience)
    }
}

/// An end of a pipe that somebody comes to.
#[derive(Debug)]
struct Next {
    pipe: Option<OwnedHandle>,
    came: OwnedHandle,
    /// The system writes to it until somebody has come, or that was cancelled.
    pending: Option<Box<Waiting>>,
}

struct Waiting(OVERLAPPED);

impl std::fmt::Debug for Waiting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Waiting")
    }
}

impl Next {
    fn new(name: &str, flags: u32) -> io::Result<Self> {
        let name = wide::text(name);
        let pipe = owner::for_user_alone(|attributes| {
            // SAFETY: `name` ends with a NUL, and what the attributes point to lives until
            // the call is over.
            let pipe = unsafe {
                CreateNamedPipeW(
                    name.as_ptr(),
                    PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | flags,
                    PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS,
                    PIPE_UNLIMITED_INSTANCES,
                    ROOM,
                    ROOM,
                    0,
                    attributes,
                )
            };
            match pipe {
                INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
                // SAFETY: just opened, so nothing else owns it.
                pipe => Ok(unsafe { OwnedHandle::from_raw_handle(pipe) }),
            }
        })?;
        let came = wait::event(None)?;
        let mut waiting = Box::new(Waiting(overlapped(&came)));
        // SAFETY: the handle is open; what is written to lives until the call has come to
        // its end, which `Drop` waits for.
        let connected = unsafe { ConnectNamedPipe(pipe.as_raw_handle(), &mut waiting.0) };
        let mut next = Self {
            pipe: Some(pipe),
            came,
            pending: None,
        };
        let error = io::Error::last_os_error();
        match error.raw_os_error().map(|code| code as u32) {
            _ if connected != 0 => wait::set(&next.came),
            Some(ERROR_IO_PENDING) => next.pending = Some(waiting),
            // Somebody was quicker, and may have gone again.
            Some(ERROR_PIPE_CONNECTED | ERROR_NO_DATA) => wait::set(&next.came),
            _ => return Err(error),
        }
        Ok(next)
    }

    fn connected(mut self) -> io::Result<OwnedHandle> {
        let pipe = self.pipe.take().expect("taken by what consumes it");
        match self.pending.take() {
            Some(waiting) => result(&pipe, &waiting.0).map(|_| pipe),
            None => Ok(pipe),
        }
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if let (Some(pipe), Some(waiting)) = (&self.pipe, &self.pending) {
            cancel(pipe, &waiting.0);
            let _ = result(pipe, &waiting.0);
        }
    }
}

/// An end of a pipe, to talk with who has the other.
#[derive(Debug)]
pub struct PipeStream {
    pipe: OwnedHandle,
    over: OwnedHandle,
    patience: Duration,
}

impl PipeStream {
    fn of(pipe: OwnedHandle, patience: Duration) -> io::Result<Self> {
        Ok(Self {
            pipe,
            over: wait::event(None)?,
            patience,
        })
    }

    /// To what listens as this in a directory; `None` if nothing does. It is waited for so
    /// long, each time that it is silent.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn connect(dir: &Path, id: &str, patience: Duration) -> io::Result<Option<Self>> {
        let until = Instant::now() + patience;
        let name = name(dir, id)?;
        let mut options = OpenOptions::new();
        let options = options
            .read(true)
            .write(true)
            .custom_flags(FILE_FLAG_OVERLAPPED)
            // It learns who we are, and cannot act as us.
            .security_qos_flags(SECURITY_IDENTIFICATION);
        loop {
            match options.open(&name) {
                Ok(pipe) => return Self::of(pipe.into(), patience).map(Some),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error)
                    if error.raw_os_error() == Some(ERROR_PIPE_BUSY as i32)
                        && Instant::now() < until =>
                {
                    let name = wide::text(&name);
                    // SAFETY: `name` ends with a NUL and lives until the call is over.
                    // Whatever it tells, it is tried again.
                    unsafe { WaitNamedPipeW(name.as_ptr(), 50) };
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The process at the other end of what was accepted.
    pub fn peer(&self) -> Option<u32> {
        let mut found = 0;
        // SAFETY: the handle is open, and `found` is what is written to.
        let done = unsafe { GetNamedPipeClientProcessId(self.pipe.as_raw_handle(), &mut found) };
        (done != 0).then_some(found)
    }

    /// Starts something that goes on in the system, and waits for its end.
    fn transfer(&self, start: impl FnOnce(*mut OVERLAPPED) -> i32) -> io::Result<usize> {
        let mut transfer = overlapped(&self.over);
        if start(&mut transfer) == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_IO_PENDING as i32) {
                return Err(error);
            }
        }
        let is_over = wait::for_any([&self.over], Some(self.patience));
        let is_late = !matches!(is_over, Ok(Some(_)));
        if is_late {
            cancel(&self.pipe, &transfer);
        }
        // In any case: until then the system uses what it was given.
        match result(&self.pipe, &transfer) {
            Err(_) if is_late => Err(io::ErrorKind::TimedOut.into()),
            done => done,
        }
    }
}

impl Read for &PipeStream {
    /// That the other end is closed is an error: nobody says so on purpose.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(room.len()).unwrap_or(u32::MAX);
        self.transfer(|transfer| {
            // SAFETY: the handle is open. `transfer` waits for the end of this: so long live
            // `room`, which is that long, and what tells of it.
            unsafe {
                ReadFile(
                    self.pipe.as_raw_handle(),
                    room.as_mut_ptr(),
                    length,
                    ptr::null_mut(),
                    transfer,
                )
            }
        })
    }
}

impl Write for &PipeStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.transfer(|transfer| {
            // SAFETY: as for `read`.
            unsafe {
                WriteFile(
                    self.pipe.as_raw_handle(),
                    bytes.as_ptr(),
                    length,
                    ptr::null_mut(),
                    transfer,
                )
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn overlapped(event: &OwnedHandle) -> OVERLAPPED {
    OVERLAPPED {
        hEvent: event.as_raw_handle(),
        ..OVERLAPPED::default()
    }
}

fn cancel(pipe: &OwnedHandle, started: &OVERLAPPED) {
    // If it fails, it has come to its end.
    // SAFETY: the handle is open, and `started` is only compared.
    unsafe { CancelIoEx(pipe.as_raw_handle(), started) };
}

/// How it came to its end, which is waited for.
fn result(pipe: &OwnedHandle, started: &OVERLAPPED) -> io::Result<usize> {
    let mut length = 0;
    // SAFETY: the handle is open, `started` was started with it, and `length` is what is
    // written to.
    match unsafe { GetOverlappedResult(pipe.as_raw_handle(), started, &mut length, 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(length as usize),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn line(stream: &PipeStream) -> String {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn who_comes_is_answered_and_known() {
        let dir = tempfile::tempdir().unwrap();
        let mut listener = PipeListener::bind(dir.path(), "7", LONG).unwrap();
        let none = Some(Duration::ZERO);
        let event = listener.event().try_clone_to_owned().unwrap();
        assert_eq!(wait::for_any([&event], none).unwrap(), None);
        let around = dir.path().join("..").join(dir.path().file_name().unwrap());
        let asking = thread::spawn(move || {
            // The same directory.
            let stream = PipeStream::connect(&around, "7", LONG).unwrap().unwrap();
            writeln!(&stream, "release").unwrap();
            line(&stream)
        });
        wait::for_any([&event], None).unwrap();
        let stream = listener.accept().unwrap();
        assert_eq!(line(&stream), "release\n");
        assert_eq!(stream.peer(), Some(std::process::id()));
        writeln!(&stream, "done").unwrap();
        drop(stream);
        assert_eq!(asking.join().unwrap(), "done\n");
    }

    #[test]
    fn nobody_listens_where_nothing_does_or_did() {
        let dir = tempfile::tempdir().unwrap();
        let connect = || PipeStream::connect(dir.path(), "7", LONG).unwrap();
        assert!(connect().is_none());
        let listener = PipeListener::bind(dir.path(), "7", LONG).unwrap();
        let stream = connect().unwrap();
        drop(listener);
        assert!((&stream).read(&mut [0; 8]).is_err());
        drop(stream);
        assert!(connect().is_none());
    }

    #[test]
    fn who_is_silent_is_not_waited_for_longer_than_was_said() {
        let dir = tempfile::tempdir().unwrap();
        let short = Duration::from_millis(1);
        let mut listener = PipeListener::bind(dir.path(), "7", short).unwrap();
        let silent = PipeStream::connect(dir.path(), "7", LONG).unwrap().unwrap();
        let late = (&listener.accept().unwrap()).read(&mut [0; 8]);
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(silent);
    }
}
