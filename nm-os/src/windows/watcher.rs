//! The process that watches over a hook, and who has started it. Its standard streams are
//! a pipe to that, as output, and the log.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

use super::spawn::{self, How};
use super::{file, lock, process, wait};

/// A watcher, seen from who has started it.
#[derive(Debug)]
pub struct Watcher {
    process: OwnedHandle,
    said: PipeReader,
}

impl Watcher {
    /// With the lock of the file at the path: a lock of one process cannot be another's. Who
    /// needs both waits for this one, too. The title is among the arguments.
    pub fn start(
        mut command: Command,
        title: &str,
        lock: Option<(File, PathBuf)>,
        log: &File,
    ) -> io::Result<Self> {
        let (said, theirs) = io::pipe()?;
        let own = std::process::id();
        let started = process::ancestor(own).map_or(0, |own| own.started);
        command.args([title, &own.to_string(), &started.to_string()]);
        command.args(lock.map(|(_, beside)| beside));
        let how = How {
            streams: [None, Some(theirs.as_handle()), Some(log.as_handle())],
            flags: CREATE_NO_WINDOW,
            ..How::default()
        };
        let process = spawn::start(&command, &how)?;
        Ok(Self { process, said })
    }

    /// Waits until it has ended; returns what it has said, and how it has ended.
    pub fn wait(self) -> (String, io::Result<ExitStatus>) {
        let ended = wait::for_any([&self.process], None);
        (
            what_is_there(self.said),
            ended.and_then(|_| process::exit_status(&self.process)),
        )
    }
}

/// What can be read without waiting: a child that another thread has started meanwhile may
/// have the other end open.
fn what_is_there(pipe: PipeReader) -> String {
    let mut length = 0;
    // SAFETY: the handle is open; `length` is what is written to, beside null pointers.
    unsafe {
        PeekNamedPipe(
            pipe.as_raw_handle(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            &mut length,
            ptr::null_mut(),
        )
    };
    let mut said = Vec::new();
    let _ = pipe.take(length.into()).read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// Who has started this process to watch over a hook.
#[derive(Debug)]
pub struct Caller {
    line: PipeWriter,
    process: OwnedHandle,
    /// Locked until this process ends.
    _lock: Option<File>,
}

impl Caller {
    /// Of this process, with the log.
    pub fn find() -> io::Result<(Self, File)> {
        // Behind the program and the title.
        let mut told = env::args_os().skip(2);
        let mut number = || told.next()?.to_str()?.parse::<u64>().ok();
        let nobody = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "nothing says who has started it",
            )
        };
        let (pid, started) = (number().ok_or_else(nobody)?, number().ok_or_else(nobody)?);
        let (stdout, stderr) = (io::stdout(), io::stderr());
        for stream in [stdout.as_raw_handle(), stderr.as_raw_handle()] {
            keep(stream)?;
        }
        let lock = told.next().map(|path| {
            // A checkout that was removed must not come back.
            let options = OpenOptions::new().read(true).write(true).clone();
            let file = file::open(Path::new(&path), &options)?.file;
            lock::lock(&file, true).map(|()| file)
        });
        let lock = lock.transpose()?;
        // Only now: as long as it lives, nobody else has waited for this lock in vain.
        let pid = u32::try_from(pid).map_err(|_| nobody())?;
        let process = process::open_to_wait(pid)?;
        let is_it = process::ancestor(pid).is_some_and(|found| found.started == started);
        if !is_it || wait::for_any([&process], Some(std::time::Duration::ZERO))?.is_some() {
            return Err(io::Error::other("who has started it has ended"));
        }
        let line = PipeWriter::from(stdout.as_handle().try_clone_to_owned()?);
        let log = File::from(stderr.as_handle().try_clone_to_owned()?);
        let caller = Self {
            line,
            process,
            _lock: lock,
        };
        Ok((caller, log))
    }

    /// Tells the other process this, which reads it when it likes.
    pub fn tell(&self, text: &str) -> io::Result<()> {
        (&self.line).write_all(text.as_bytes())
    }

    /// What blocks until its end.
    pub fn end(&self) -> io::Result<impl FnOnce() + Send + use<>> {
        let process = self.process.try_clone()?;
        Ok(move || drop(wait::for_any([&process], None)))
    }
}

/// Children do not inherit it.
fn keep(handle: HANDLE) -> io::Result<()> {
    // SAFETY: takes no pointers but the handle, which it refuses if that is not open.
    match unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Nothing is ended by signals here.
pub fn signal(_status: ExitStatus) -> Option<i32> {
    None
}
