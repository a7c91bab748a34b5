//! A pool's bell: rung by whoever may have made something free, heard by those who wait
//! for that, who then look again. It decides nothing.

use std::io;
#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
use std::thread;
use std::time::Duration;

#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
use crate::open_file::OpenFile;
#[cfg(unix)]
use crate::unix::Dir;
#[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
use crate::unix::{Stroke, Strokes};
#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
use crate::unix::{Word, read_at};
#[cfg(windows)]
use crate::windows::{Dir, Generations};

/// How often to look again where nothing wakes a waiter.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A word of a file that the kernel counts up, and on which it lets processes wait (a
/// futex). No process touches the mapped memory by itself: if the file was cut short, or
/// the disk is full, a call fails, where touching it would end the process.
#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
#[derive(Debug)]
pub struct Bell {
    file: OpenFile,
    /// `None` on a file system whose files cannot be mapped.
    word: Option<Word>,
}

/// How often the bell had been rung.
#[derive(Clone, Copy, Debug)]
pub struct Heard(
    #[cfg(any(all(target_os = "linux", not(name_manager_strokes)), windows))] Option<u32>,
    #[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))] Option<Stroke>,
);

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was rung, or may have been.
    Rung,
    /// The time is over, or that until the next look by the clock.
    Over,
}

#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
impl Bell {
    /// The word, and room beside it.
    const LENGTH: usize = 8;

    /// The bell with this name, which all processes that open it have in common. It is made
    /// if it is missing.
    pub fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        let file = dir.file(name)?;
        if read_at(&file, &mut [0; Self::LENGTH], 0)? < Self::LENGTH {
            // Beside the word, which another process may just have counted up. On a full
            // disk there is no bell: that costs speed, no more.
            let _ = std::os::unix::fs::FileExt::write_all_at(&file.file, &[0; 4], 4);
        }
        let word = Word::of(&file.file).ok();
        Ok(Self { file, word })
    }

    /// Ends all waits, also those that begin after this with what was [heard](Bell::heard)
    /// before.
    pub fn ring(&self) {
        let is_awaited = self.word.as_ref().is_some_and(Word::count_up_and_wake);
        if is_awaited {
            // Linux may have queued who is woken behind us, on our processor.
            thread::yield_now();
        }
    }

    /// Look at what is waited for after this, and wait with it: a ring since then ends
    /// the wait at once.
    pub fn heard(&self) -> Heard {
        let mut word = [0; 4];
        match read_at(&self.file, &mut word, 0) {
            Ok(4) => Heard(Some(u32::from_ne_bytes(word))),
            _ => Heard(None),
        }
    }

    /// Blocks until it is rung, at most so long. By the clock where nothing can be heard.
    pub fn wait(&self, heard: Heard, timeout: Duration) -> End {
        let (Some(word), Heard(Some(count))) = (&self.word, heard) else {
            return by_the_clock(timeout);
        };
        match word.wait_while(count, timeout) {
            Ok(()) => End::Rung,
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut => End::Over,
                io::ErrorKind::Interrupted => End::Rung,
                // Counted up already; unless what is read is not what is mapped, as some
                // network file systems have it.
                io::ErrorKind::WouldBlock if self.heard().0 != heard.0 => End::Rung,
                _ => by_the_clock(timeout),
            },
        }
    }
}

/// A file to which who rings writes. The kernel tells of that on the file systems of this
/// machine; nobody hears a ring on a full disk, or from another machine.
#[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
#[derive(Debug)]
pub struct Bell(Strokes);

#[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
impl Bell {
    /// The bell with this name, which all processes that open it have in common. It is made
    /// if it is missing.
    pub fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        Strokes::open(dir, name).map(Self)
    }

    /// Ends all waits, also those that begin after this with what was [heard](Bell::heard)
    /// before.
    pub fn ring(&self) {
        self.0.strike();
    }

    /// Look at what is waited for after this, and wait with it: a ring since then ends
    /// the wait at once.
    pub fn heard(&self) -> Heard {
        Heard(self.0.last().ok())
    }

    /// Blocks until it is rung, at most so long. By the clock where nothing can be heard.
    pub fn wait(&self, heard: Heard, timeout: Duration) -> End {
        let Heard(Some(heard)) = heard else {
            return by_the_clock(timeout);
        };
        match self.0.wait_while(heard, timeout) {
            Ok(true) => End::Rung,
            Ok(false) => End::Over,
            Err(_) => by_the_clock(timeout),
        }
    }
}

/// Processes of one session of a user alone have it in common: those of others look again
/// once in a while, as after a ring that was lost.
#[cfg(windows)]
#[derive(Debug)]
pub struct Bell {
    /// `None` if the system has no room for it.
    generations: Option<Generations>,
}

#[cfg(windows)]
impl Bell {
    /// The bell with this name, which all processes that open it have in common. It is made
    /// if it is missing.
    pub fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        let generations = Generations::open(dir, name).ok();
        Ok(Self { generations })
    }

    /// Ends all waits, also those that begin after this with what was [heard](Bell::heard)
    /// before.
    pub fn ring(&self) {
        if let Some(generations) = &self.generations {
            generations.end();
        }
    }

    /// Look at what is waited for after this, and wait with it: a ring since then ends
    /// the wait at once.
    pub fn heard(&self) -> Heard {
        Heard(self.generations.as_ref().map(Generations::count))
    }

    /// Blocks until it is rung, at most so long. By the clock where nothing can be heard.
    pub fn wait(&self, heard: Heard, timeout: Duration) -> End {
        let (Some(generations), Heard(Some(heard))) = (&self.generations, heard) else {
            return by_the_clock(timeout);
        };
        match generations.wait_while(heard, timeout) {
            Ok(true) => End::Rung,
            Ok(false) => End::Over,
            Err(_) => by_the_clock(timeout),
        }
    }
}

/// There is none on this system: waiters look again by the clock.
#[cfg(not(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
)))]
#[derive(Debug)]
pub struct Bell;

#[cfg(not(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "freebsd",
    windows
)))]
impl Bell {
    pub fn open(_dir: &Dir, _name: &str) -> io::Result<Self> {
        Ok(Self)
    }

    /// Ends all waits, also those that begin after this with what was [heard](Bell::heard)
    /// before.
    pub fn ring(&self) {}

    /// Look at what is waited for after this, and wait with it: a ring since then ends
    /// the wait at once.
    pub fn heard(&self) -> Heard {
        Heard()
    }

    /// Blocks until it is rung, at most so long. By the clock where nothing can be heard.
    pub fn wait(&self, _heard: Heard, timeout: Duration) -> End {
        by_the_clock(timeout)
    }
}

fn by_the_clock(timeout: Duration) -> End {
    std::thread::sleep(timeout.min(LOOK_AGAIN));
    End::Over
}

#[cfg(all(
    test,
    any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    )
))]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_micros(1);

    #[test]
    fn a_ring_after_one_has_listened_ends_the_wait_whenever_that_begins() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let bell = Bell::open(&dir, "bell").unwrap();
        let other = Bell::open(&dir, "bell").unwrap();
        let heard = bell.heard();
        assert_eq!(bell.wait(heard, SHORT), End::Over);
        other.ring();
        assert_eq!(bell.wait(heard, LONG), End::Rung);
        let heard = bell.heard();
        assert_eq!(bell.wait(heard, SHORT), End::Over);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| bell.wait(heard, LONG));
            other.ring();
            assert_eq!(waiting.join().unwrap(), End::Rung);
        });
    }

    #[cfg(all(target_os = "linux", not(name_manager_strokes)))]
    #[test]
    fn a_bell_that_was_cut_short_is_an_error_of_no_one() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let bell = Bell::open(&dir, "bell").unwrap();
        let heard = bell.heard();
        std::fs::write(path.path().join("bell"), "").unwrap();
        bell.ring();
        // By the clock.
        assert_eq!(bell.wait(heard, LONG), End::Over);
        assert_eq!(bell.wait(bell.heard(), LONG), End::Over);
        // Who opens it makes it whole.
        let next = Bell::open(&dir, "bell").unwrap();
        let heard = bell.heard();
        next.ring();
        assert_eq!(bell.wait(heard, LONG), End::Rung);
    }
}
