use std::error::Error;

use nm_runtime::inspect::Found;

use crate::events::merged::Merged;
use crate::events::runs;
use crate::events::spans::{self, Span};
use crate::pools;

/// What happened in some pools: in one run, or ever.
pub struct History {
    pools: Vec<Found>,
    /// `None` for all runs.
    pub run: Option<String>,
    by_id: bool,
}

impl History {
    /// Of these pools, or of all if none is given; of the run of this id, of the
    /// `last` one, or of all runs.
    pub fn find(pools: &[String], run: Option<&str>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let pools = pools::chosen(pools)?;
        let last = run == Some("last");
        Ok(Self {
            run: match last {
                true => Some(runs::last(&pools)?.unwrap_or_default()),
                false => run.map(str::to_owned),
            },
            by_id: run.is_some() && !last,
            pools,
        })
    }

    /// Reads the journals, and passes on the spans as they end.
    pub fn read(&self, add: impl FnMut(Span)) -> Result<(), nm_runtime::Error> {
        let mut events = Merged::open(&self.pools)?;
        spans::read(events.by_ref(), self.run.as_deref(), add)?;
        events.warn_of_skipped();
        Ok(())
    }

    /// To be called when there were no spans: fails if the run was given by its id.
    pub fn explain_nothing(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self.run.as_ref().filter(|_| self.by_id) {
            Some(run) => Err(runs::unknown(run, runs::last(&self.pools)?.as_deref()).into()),
            None => Ok(()),
        }
    }
}
