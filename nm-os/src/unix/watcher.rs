//! The process that watches over a hook, and who has started it. Its standard streams are a
//! socket to that, the lock of the name's hooks, and the log.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::process;

/// A watcher, seen from who has started it.
#[derive(Debug)]
pub struct Watcher {
    process: Child,
    line: UnixStream,
}

impl Watcher {
    /// With the lock, whose file is this. Who lists processes sees the title.
    pub fn start(
        mut command: Command,
        title: &str,
        lock: Option<(File, PathBuf)>,
        log: &File,
    ) -> io::Result<Self> {
        let (line, theirs) = UnixStream::pair()?;
        command
            .arg0(title)
            .stdin(OwnedFd::from(theirs))
            .stdout(lock.map_or_else(Stdio::null, |(file, _)| file.into()))
            .stderr(log.try_clone()?);
        let process = command.spawn()?;
        // It has copies of its descriptors: while one of them is open in here, its end is
        // not seen.
        drop(command);
        Ok(Self { process, line })
    }

    /// Waits until it has ended; returns what it has said, and how it has ended.
    pub fn wait(mut self) -> (String, io::Result<ExitStatus>) {
        let mut said = Vec::new();
        // Whatever fails, what was said until then is all.
        let _ = self.line.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        (said, self.process.wait())
    }
}

/// Who has started this process to watch over a hook.
#[derive(Debug)]
pub struct Caller(UnixStream);

impl Caller {
    /// Of this process, with the log.
    pub fn find() -> io::Result<(Self, File)> {
        // Ctrl-C ends the caller, which is seen here.
        process::detach()?;
        let line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let log = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        Ok((Self(line), log))
    }

    /// Tells the other process this, which reads it when it likes.
    pub fn tell(&self, text: &str) -> io::Result<()> {
        (&self.0).write_all(text.as_bytes())
    }

    /// What blocks until its end.
    pub fn end(&self) -> io::Result<impl FnOnce() + Send + use<>> {
        let mut line = self.0.try_clone()?;
        // It says nothing: what is read is its end.
        Ok(move || drop(line.read(&mut [0])))
    }
}

/// The signal that has ended a process, if one has.
pub fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}
