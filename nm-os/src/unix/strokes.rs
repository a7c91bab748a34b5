//! A bell for systems without a futex between processes: a file to which who rings it writes,
//! of which the kernel tells those who wait.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::dir::{Dir, read_at, write_at_start};
use super::events::{Events, Watch};
use crate::open_file::OpenFile;

/// In the file is which stroke was the last: a number that no other stroke has. A count, which
/// two processes may raise at the same time to the same, would hide the second from those who
/// have heard the first.
#[derive(Debug)]
pub(crate) struct Strokes(OpenFile);

/// Which was the last stroke; 0 if there was none.
pub(crate) type Stroke = u128;

impl Strokes {
    pub(crate) fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        dir.file(name).map(Self)
    }

    /// Ends the waits of all who have not heard this one. On a full disk nobody hears it.
    pub(crate) fn strike(&self) {
        static OURS: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let ours = OURS.fetch_add(1, Ordering::Relaxed);
        let stroke =
            (since.as_nanos() << 64) | (u128::from(std::process::id()) << 32) | u128::from(ours);
        let _ = write_at_start(&self.0, &stroke.to_ne_bytes());
    }

    pub(crate) fn last(&self) -> io::Result<Stroke> {
        let mut stroke = [0; size_of::<Stroke>()];
        read_at(&self.0, &mut stroke, 0)?;
        Ok(Stroke::from_ne_bytes(stroke))
    }

    /// Blocks while this is the last stroke, at most so long; whether there was another.
    pub(crate) fn wait_while(&self, heard: Stroke, timeout: Duration) -> io::Result<bool> {
        let mut events = Events::new()?;
        // Before the look: what is written after it is told.
        events.watch(Watch::Written(self.0.file.as_fd()))?;
        Ok(self.last()? != heard || events.wait(Some(timeout))?.written)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_micros(1);

    #[test]
    fn a_stroke_ends_waits_that_have_not_heard_it() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let [ours, theirs] = [(); 2].map(|()| Strokes::open(&dir, "bell").unwrap());
        let mut heard = ours.last().unwrap();
        assert_eq!(heard, 0);
        for _ in 0..2 {
            assert!(!ours.wait_while(heard, SHORT).unwrap());
            theirs.strike();
            assert!(ours.wait_while(heard, LONG).unwrap());
            heard = ours.last().unwrap();
        }
        thread::scope(|scope| {
            let waiting = [(); 3].map(|()| scope.spawn(|| ours.wait_while(heard, LONG).unwrap()));
            theirs.strike();
            assert_eq!(waiting.map(|wait| wait.join().unwrap()), [true; 3]);
        });
    }

    #[test]
    fn no_stroke_at_the_same_time_is_lost() {
        const EACH: usize = 200;
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let open = || Strokes::open(&dir, "bell").unwrap();
        let (bell, answer) = (open(), Strokes::open(&dir, "answer").unwrap());
        // Two strike as soon as they are answered; who misses a stroke never answers.
        let done = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let bell = open();
                    for _ in 0..EACH {
                        let heard = answer.last().unwrap();
                        done.fetch_add(1, Ordering::SeqCst);
                        bell.strike();
                        if done.load(Ordering::SeqCst) < 2 * EACH {
                            answer.wait_while(heard, LONG).unwrap();
                        }
                    }
                    bell.strike();
                    answer.strike();
                });
            }
            loop {
                let heard = bell.last().unwrap();
                answer.strike();
                if done.load(Ordering::SeqCst) == 2 * EACH {
                    break;
                }
                bell.wait_while(heard, LONG).unwrap();
            }
        });
    }

    #[test]
    fn a_file_that_was_cut_short_is_heard_again() {
        let path = tempfile::tempdir().unwrap();
        let dir = Dir::open(path.path()).unwrap();
        let bell = Strokes::open(&dir, "bell").unwrap();
        bell.strike();
        std::fs::write(path.path().join("bell"), "").unwrap();
        let heard = bell.last().unwrap();
        bell.strike();
        assert!(bell.wait_while(heard, LONG).unwrap());
    }
}
