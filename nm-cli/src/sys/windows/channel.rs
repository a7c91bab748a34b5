//! How processes talk to one that listens in a directory: by a named pipe.

use std::io::{self, Read, Write};
use std::os::windows::io::BorrowedHandle;
use std::path::Path;
use std::time::Duration;

use nm_runtime::windows::{self, PipeListener, PipeStream};

use crate::sys::PATIENCE;

/// What can be waited for.
pub type Source<'a> = BorrowedHandle<'a>;

/// Waits until one of these is ready, or the time is over; returns which are.
pub fn ready(sources: &[Source<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    windows::signalled(sources, timeout)
}

/// Listens for processes of this user.
#[derive(Debug)]
pub struct Listener(PipeListener);

impl Listener {
    /// In a directory: no file is there.
    pub fn bind(dir: &Path, name: &str) -> io::Result<Self> {
        PipeListener::bind(dir, name, PATIENCE).map(Self)
    }

    /// Ready when somebody has come.
    pub fn source(&self) -> Source<'_> {
        self.0.event()
    }

    pub fn accept(&mut self) -> io::Result<Stream> {
        self.0.accept().map(Stream)
    }
}

/// A connection.
#[derive(Debug)]
pub struct Stream(PipeStream);

impl Stream {
    /// To what listens in a directory; `None` if nothing does any more.
    pub fn connect(dir: &Path, name: &str) -> io::Result<Option<Self>> {
        let stream = PipeStream::connect(dir, name, PATIENCE)?;
        Ok(stream.map(Self))
    }

    /// The process at the other end.
    pub fn peer(&self) -> Option<u32> {
        self.0.peer()
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
