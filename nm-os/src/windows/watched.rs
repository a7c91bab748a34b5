//! Processes whose end is waited for.

use std::io;
use std::iter;
use std::os::windows::io::OwnedHandle;
use std::time::Duration;

use super::{process, wait};

/// Processes that lived when they were opened.
#[derive(Default)]
pub(crate) struct Watched(Vec<OwnedHandle>);

/// Ends the wait of who has its other end, by dropping.
#[derive(Debug)]
pub(crate) struct Stop(OwnedHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        wait::set(&self.0);
    }
}

/// What [`Watched::wait_for_end`] waits for besides, and what ends it.
pub(crate) fn stop() -> io::Result<(OwnedHandle, Stop)> {
    let event = wait::event(None)?;
    Ok((event.try_clone()?, Stop(event)))
}

impl Watched {
    /// `None` if one of them does not live, or there are too many.
    pub(crate) fn open(processes: impl Iterator<Item = u32>) -> Option<Self> {
        let mut watched = Vec::new();
        for process in processes {
            // Beside what ends the wait.
            if watched.len() + 1 == wait::MOST {
                return None;
            }
            watched.push(process::open_to_wait(process).ok()?);
        }
        let ended = match watched.is_empty() {
            true => None,
            false => wait::for_any(&watched, Some(Duration::ZERO)).ok()?,
        };
        ended.is_none().then_some(Self(watched))
    }

    /// Blocks until one has ended. False if it can do so no more: none is left, or it was
    /// stopped.
    pub(crate) fn wait_for_end(&mut self, until: &OwnedHandle) -> bool {
        if self.0.is_empty() {
            return false;
        }
        match wait::for_any(iter::once(until).chain(&self.0), None) {
            Ok(Some(ended @ 1..)) => {
                self.0.swap_remove(ended - 1);
                true
            }
            _ => false,
        }
    }
}
