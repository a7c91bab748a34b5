//! How processes talk to one that listens in a directory: by a socket.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sys::PATIENCE;

/// What can be waited for.
pub type Source<'a> = BorrowedFd<'a>;

/// Waits until something can be read from one of these, or the time is over; returns from
/// which.
pub fn ready(sources: &[Source<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let polled = sources.iter().map(|fd| PollFd::new(fd, PollFlags::IN));
    let mut polled: Vec<_> = polled.collect();
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    match poll(&mut polled, timeout.as_ref()) {
        Err(rustix::io::Errno::INTR) => Ok(vec![false; sources.len()]),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect()),
    }
}

/// Listens for processes of this user.
#[derive(Debug)]
pub struct Listener(UnixListener);

impl Listener {
    /// In a directory. Changes the current directory for it: the path of a socket must not be
    /// longer than some hundred bytes, and this one may.
    pub fn bind(dir: &Path, name: &str) -> io::Result<Self> {
        env::set_current_dir(dir)?;
        UnixListener::bind(name).map(Self)
    }

    /// Ready when somebody has come.
    pub fn source(&self) -> Source<'_> {
        self.0.as_fd()
    }

    pub fn accept(&mut self) -> io::Result<Stream> {
        let (stream, _) = self.0.accept()?;
        Stream::patient(stream)
    }
}

/// A connection.
#[derive(Debug)]
pub struct Stream(UnixStream);

impl Stream {
    fn patient(stream: UnixStream) -> io::Result<Self> {
        // A keeper that was stopped does not answer.
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// To what listens in a directory; `None` if nothing does any more. Changes the current
    /// directory.
    pub fn connect(dir: &Path, name: &str) -> io::Result<Option<Self>> {
        env::set_current_dir(dir)?;
        match UnixStream::connect(name) {
            Ok(stream) => Self::patient(stream).map(Some),
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// The process at the other end, if the system knows it.
    #[cfg(target_os = "linux")]
    pub fn peer(&self) -> Option<u32> {
        let peer = rustix::net::sockopt::socket_peercred(&self.0).ok()?;
        u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
    }

    #[cfg(not(target_os = "linux"))]
    pub fn peer(&self) -> Option<u32> {
        None
    }
}

impl Read for &Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(room)
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.0).flush()
    }
}
