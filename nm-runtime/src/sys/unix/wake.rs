//! FIFOs by which the end of a holder wakes the head of a queue.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::{Errno, read, retry_on_intr, write};

use super::calls::{Polled, poll};
use super::dir::{Dir, is_descriptor_shortage};
use crate::sys::budget::POLLED;

/// A holder's end of a name's FIFO. While it is open, polling the FIFO does not see it
/// hang up; when the holder ends, however it ends, the kernel closes it.
#[derive(Debug)]
pub(crate) struct Wake(OwnedFd);

impl Wake {
    /// Opens the FIFO, creating it if missing. `None` if this system has none.
    pub(crate) fn open(dir: &Dir, name: &str) -> io::Result<Option<Self>> {
        // Read and write: opening for writing alone fails while there is no reader.
        Ok(open_fifo(dir, name, OFlags::RDWR)?.map(Self))
    }

    /// Wakes the process that polls the FIFO. Closing alone would do, unless a forked
    /// process still has it open.
    pub(crate) fn poke(&self) {
        // A full FIFO is as good as one more byte, and after any other failure only
        // closing can help, which follows anyway.
        let _ = write(&self.0, &[0]);
    }
}

/// What the head of a queue polls while it waits: the FIFOs of the names it wants.
#[derive(Debug)]
pub(crate) struct WakeSet<'a> {
    dir: &'a Dir,
    readers: Vec<Reader<'a>>,
    complete: bool,
}

#[derive(Debug)]
struct Reader<'a> {
    fd: OwnedFd,
    name: &'a str,
    /// How often the name was looked at since the FIFO hung up.
    hung_up: u32,
}

impl<'a> WakeSet<'a> {
    /// How many FIFOs one head polls; names beyond are looked at periodically.
    const MOST: usize = 64;

    /// Opens the FIFOs. Look at the locks once more after this and before
    /// [`WakeSet::wait`]: a release since the last look did not wake us.
    pub(crate) fn open(dir: &'a Dir, names: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let mut set = Self {
            dir,
            readers: Vec::new(),
            complete: true,
        };
        for name in names {
            if set.readers.len() == Self::MOST || !POLLED.take() {
                set.complete = false;
                break;
            }
            set.add(name, 1)?;
        }
        Ok(set)
    }

    /// `looks` is the count to continue with if the FIFO has no writer: a dead holder's
    /// end may have closed before we opened ours, and its lock be closed only later.
    /// `poll` would never report that.
    fn add(&mut self, name: &'a str, looks: u32) -> io::Result<()> {
        let reader = match open_fifo(self.dir, name, OFlags::RDONLY) {
            Err(error) if is_descriptor_shortage(&error) => None,
            opened => opened?,
        };
        match reader {
            // Anything else put in its place would always be ready.
            Some(fd) if is_fifo(&fd)? => self.readers.push(Reader {
                hung_up: if has_no_writer(&fd) { looks } else { 0 },
                fd,
                name,
            }),
            _ => {
                POLLED.give_back(1);
                self.complete = false;
            }
        }
        Ok(())
    }

    /// Whether every name wakes its waiters; otherwise they must look again by themselves.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Blocks until a name may have been released, or the time is over.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let timeout = self
            .look_again_at_hung_up()?
            .unwrap_or(timeout)
            .min(timeout);
        let mut quiet: Vec<_> = self.readers.iter_mut().collect();
        quiet.retain(|reader| reader.hung_up == 0);
        let polled = poll(quiet.iter().map(|reader| &reader.fd), Some(timeout))?;
        for (reader, polled) in quiet.into_iter().zip(polled) {
            match polled {
                Polled::Nothing => {}
                // Only the head of the queue reads, so no byte is taken from another waiter.
                Polled::Readable => drop(read(&reader.fd, &mut [0; 64])),
                Polled::HungUp => reader.hung_up = 1,
            }
        }
        Ok(())
    }

    /// A FIFO that hung up stays so for its reader, and `poll` would always return at
    /// once if the name cannot be taken nevertheless, if it is broken, for example. But
    /// the kernel closes a dead holder's files in any order, so the lock may be free
    /// only after the FIFO hung up, on a busy machine long after. So the name is looked
    /// at by the clock until the FIFO has a writer again, which opening it anew finds
    /// out. Returns how long until the next look.
    fn look_again_at_hung_up(&mut self) -> io::Result<Option<Duration>> {
        let mut next = None;
        for at in (0..self.readers.len()).rev() {
            let looks = self.readers[at].hung_up;
            if looks > LOOKS {
                let reader = self.readers.swap_remove(at);
                self.add(reader.name, LOOKS)?;
                // A release before that did not wake us: the last look follows.
                next = Some(Duration::ZERO);
            } else if looks > 0 {
                self.readers[at].hung_up += 1;
                let pause = Duration::from_micros(500) * (1 << looks);
                next = Some(next.map_or(pause, |next: Duration| next.min(pause)));
            }
        }
        Ok(next)
    }
}

/// How often the interval between looks doubles, to an eighth of a second.
const LOOKS: u32 = 8;

impl Drop for WakeSet<'_> {
    fn drop(&mut self) {
        POLLED.give_back(self.readers.len());
    }
}

fn open_fifo(dir: &Dir, name: &str, access: OFlags) -> io::Result<Option<OwnedFd>> {
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let open = || retry_on_intr(|| openat(&dir.fd, name, flags, Mode::empty()));
    let fd = match open() {
        Err(Errno::NOENT) => match make_fifo(dir, name) {
            Ok(()) | Err(Errno::EXIST) => open()?,
            // A file system without FIFOs: the head looks again by itself.
            Err(Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::NODEV) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        Err(error) => return Err(dir.not_opened(name, error, "a FIFO")),
        Ok(fd) => fd,
    };
    Ok(Some(fd))
}

/// Wakes the process that polls the FIFO at this path, if there is one: as a
/// [`Wake::poke`] without keeping the FIFO open.
pub(crate) fn poke(fifo: &Path) {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    // Fails while there is no reader, and then there is no process to wake.
    if let Ok(fd) = retry_on_intr(|| open(fifo, flags, Mode::empty()))
        && is_fifo(&fd).unwrap_or(false)
    {
        let _ = write(&fd, &[0]);
    }
}

/// Whether a FIFO has no writer.
fn has_no_writer(fifo: &OwnedFd) -> bool {
    // With a writer and without bytes, this would block.
    read(fifo, &mut [0; 64]) == Ok(0)
}

fn is_fifo(fd: &OwnedFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Fifo)
}

#[cfg(not(target_vendor = "apple"))]
fn make_fifo(dir: &Dir, name: &str) -> rustix::io::Result<()> {
    rustix::fs::mkfifoat(&dir.fd, name, super::dir::FILE_MODE)
}

#[cfg(target_vendor = "apple")]
fn make_fifo(_dir: &Dir, _name: &str) -> rustix::io::Result<()> {
    Err(Errno::NOSYS) // rustix has no mkfifo there
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn by_the_clock<'a>(set: &WakeSet<'a>) -> Vec<&'a str> {
        let hung_up = set.readers.iter().filter(|reader| reader.hung_up > 0);
        hung_up.map(|reader| reader.name).collect()
    }

    #[test]
    fn a_fifo_that_hung_up_before_it_was_opened_is_looked_at_by_the_clock() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let holder = Wake::open(&dir, "held").unwrap();
        drop(Wake::open(&dir, "dead").unwrap());
        let mut set = WakeSet::open(&dir, ["held", "dead"].into_iter()).unwrap();
        assert_eq!(by_the_clock(&set), ["dead"]);
        // Each look comes by itself, and there is no last one.
        for _ in 0..2 * LOOKS {
            assert_eq!(by_the_clock(&set), ["dead"]);
            set.wait(LONG).unwrap();
        }
        let next = Wake::open(&dir, "dead").unwrap();
        while !by_the_clock(&set).is_empty() {
            set.wait(LONG).unwrap();
        }
        drop(next);
        set.wait(LONG).unwrap();
        assert_eq!(by_the_clock(&set), ["dead"]);
        drop(holder);
        while by_the_clock(&set).len() < 2 {
            set.wait(LONG).unwrap();
        }
    }
}
