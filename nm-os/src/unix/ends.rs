//! Processes whose end is waited for, where the kernel tells it without a descriptor of each.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::events::{Events, Watch};

/// Processes that lived when they were opened.
pub(crate) struct Watched {
    events: Events,
    left: usize,
}

impl Watched {
    /// `None` if one of them does not live.
    pub(crate) fn open(processes: impl Iterator<Item = u32>) -> Option<Self> {
        let mut watched = Self {
            events: Events::new().ok()?,
            left: 0,
        };
        for process in processes {
            watched.events.watch(Watch::Ended(process)).ok()?;
            watched.left += 1;
        }
        let told = watched.events.wait(Some(Duration::ZERO)).ok()?;
        (told.ended == 0).then_some(watched)
    }

    /// Blocks until one or more have ended. False if it can do so no more: none is left, or
    /// the other end of `until` is closed.
    pub(crate) fn wait_for_end(&mut self, until: &OwnedFd) -> bool {
        if self.left == 0 || self.events.watch(Watch::Readable(until.as_fd())).is_err() {
            return false;
        }
        loop {
            match self.events.wait(None) {
                Ok(told) if !told.readable && told.ended == 0 => {}
                Ok(told) if !told.readable => {
                    self.left -= told.ended;
                    return true;
                }
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::process::{Child, Command, Stdio};

    use super::*;

    #[test]
    fn the_end_of_each_process_is_told_once() {
        let mut children = [cat(), cat(), cat()];
        let ids = children.each_ref().map(Child::id);
        let mut watched = Watched::open(ids.into_iter()).unwrap();
        let (until, _stop) = io::pipe().unwrap();
        let until = until.into();
        for child in &mut children {
            drop(child.stdin.take());
            assert!(watched.wait_for_end(&until));
            assert!(Watched::open(ids.into_iter()).is_none(), "one has ended");
            child.wait().unwrap();
            assert!(Watched::open(ids.into_iter()).is_none(), "there is none");
        }
        assert!(!watched.wait_for_end(&until), "none is left");
    }

    #[test]
    fn a_wait_ends_when_nobody_wants_it_any_more() {
        let mut child = cat();
        let mut watched = Watched::open([child.id()].into_iter()).unwrap();
        let (until, stop) = io::pipe().unwrap();
        let waiting = std::thread::spawn(move || watched.wait_for_end(&until.into()));
        drop(stop);
        assert!(!waiting.join().unwrap());
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    fn cat() -> Child {
        let mut cat = Command::new("cat");
        cat.stdin(Stdio::piped()).stdout(Stdio::null());
        cat.spawn().unwrap()
    }
}
