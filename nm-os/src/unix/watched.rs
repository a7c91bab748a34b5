//! Processes whose end is waited for.

use std::iter;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::calls::{Polled, open_process, poll};
use crate::budget::WATCHED;

/// Processes that lived when they were opened, each a descriptor.
#[derive(Default)]
pub(crate) struct Watched(Vec<OwnedFd>);

impl Watched {
    /// `None` if one of them does not live, or there are too many.
    pub(crate) fn open(processes: impl Iterator<Item = u32>) -> Option<Self> {
        let mut watched = Self::default();
        for process in processes {
            if !WATCHED.take() {
                return None;
            }
            match open_process(process) {
                Ok(process) => watched.0.push(process),
                Err(_) => {
                    WATCHED.give_back(1);
                    return None;
                }
            }
        }
        let polled = poll(&watched.0, Some(Duration::ZERO)).ok()?;
        let all_live = polled.iter().all(|polled| *polled == Polled::Nothing);
        all_live.then_some(watched)
    }

    /// Blocks until one or more have ended. False if it can do so no more: none is left, or
    /// the other end of `until` is closed.
    pub(crate) fn wait_for_end(&mut self, until: &OwnedFd) -> bool {
        let watching = self.0.len();
        while watching > 0 && self.0.len() == watching {
            match poll(iter::once(until).chain(&self.0), None) {
                Ok(polled) if polled[0] == Polled::Nothing => {
                    let mut live = polled[1..].iter().map(|end| *end == Polled::Nothing);
                    self.0.retain(|_| live.next() == Some(true));
                }
                _ => return false,
            }
        }
        WATCHED.give_back(watching - self.0.len());
        watching > 0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        WATCHED.give_back(self.0.len());
    }
}
