use std::borrow::Borrow;

use nm_runtime::Error;
use nm_runtime::journal::{Event, Kind};

/// When a run was, by its events.
#[derive(Clone, Debug)]
pub struct Extent {
    pub run: String,
    pub start: u64,
    /// Of its tests.
    pub end_of_tests: u64,
    /// Of its clean-up, too.
    pub end: u64,
}

impl Extent {
    pub fn find(
        events: impl Iterator<Item = Result<impl Borrow<Event>, Error>>,
        run: &str,
    ) -> Result<Self, Error> {
        let mut extent = Self {
            run: run.to_owned(),
            start: u64::MAX,
            end_of_tests: 0,
            end: 0,
        };
        for event in events {
            let event = event?;
            let event = event.borrow();
            if event.holder.run == run {
                extent.add(event);
            }
        }
        Ok(extent)
    }

    fn add(&mut self, event: &Event) {
        let waited = match event.kind {
            Kind::Acquired => event.waited.unwrap_or(0),
            _ => 0,
        };
        self.start = self.start.min(event.time.saturating_sub(waited));
        self.end = self.end.max(event.time);
        if !event.holder.is_reaper() {
            self.end_of_tests = self.end_of_tests.max(event.time);
        }
    }

    pub fn overlaps(&self, start: u64, end: u64) -> bool {
        start < self.end && end > self.start
    }

    /// How much of that time was within the time of its tests.
    pub fn of_tests(&self, start: u64, end: u64) -> (u64, u64) {
        let start = start.max(self.start);
        (start, end.min(self.end_of_tests).max(start))
    }
}
