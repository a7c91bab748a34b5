use std::cell::{Cell, LazyCell};
use std::error::Error;

use nm_runtime::inspect::{Found, Inspector, View};
use nm_runtime::journal::Event;

use crate::events::extent::Extent;
use crate::events::merged::Merged;
use crate::events::runs;
use crate::events::spans::{self, Lease, Span};
use crate::pools;

/// What happened in some pools: in one run, or ever.
pub struct History {
    pools: Vec<Found>,
    /// `None` for all runs.
    pub run: Option<Extent>,
    by_id: bool,
    /// What a server has told when the run was looked for, if it was: that is not asked for twice.
    told: Cell<Option<Vec<Event>>>,
}

impl History {
    /// Of these pools, or of all if none is given; of the run of this id, of the
    /// `last` one, or of all runs.
    pub fn find(pools: &[String], run: Option<&str>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let pools = pools::chosen(pools)?;
        let last = run == Some("last");
        let id = match last {
            true => Some(runs::last(&pools)?.unwrap_or_default()),
            false => run.map(str::to_owned),
        };
        let (mut extent, mut told) = (None, None);
        if let Some(id) = id {
            let mut events = Merged::open(&pools)?;
            if pools.iter().any(|pool| pool.is_on_server) {
                let all = events.by_ref().collect::<Result<Vec<_>, _>>()?;
                events.warn_of_skipped();
                extent = Some(Extent::find(all.iter().map(Ok), &id)?);
                told = Some(all);
            } else {
                extent = Some(Extent::find(events, &id)?);
            }
        }
        Ok(Self {
            run: extent,
            by_id: run.is_some() && !last,
            pools,
            told: Cell::new(told),
        })
    }

    /// Reads the journals, and passes on the spans as they end.
    pub fn read(&self, add: impl FnMut(Span)) -> Result<(), nm_runtime::Error> {
        let views = LazyCell::new(|| self.views());
        let is_held = |lease: &Lease| views.iter().any(|view| has_lease(view, lease));
        if let Some(told) = self.told.take() {
            return spans::read(told.into_iter().map(Ok), self.run.as_ref(), is_held, add);
        }
        let mut events = Merged::open(&self.pools)?;
        spans::read(events.by_ref(), self.run.as_ref(), is_held, add)?;
        events.warn_of_skipped();
        Ok(())
    }

    /// The pools as they are now, as far as they can be looked at.
    pub fn views(&self) -> Vec<View> {
        let inspector = Inspector::new();
        let views = self.pools.iter().map(|found| inspector.look(found));
        views.filter_map(Result::ok).collect()
    }

    /// The id of the run; empty for all runs, and without any.
    pub fn run_id(&self) -> &str {
        self.run.as_ref().map_or("", |extent| &extent.run)
    }

    /// To be called when there were no spans: fails if the run was given by its id.
    pub fn explain_nothing(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self.run.as_ref().filter(|_| self.by_id) {
            Some(extent) => {
                Err(runs::unknown(&extent.run, runs::last(&self.pools)?.as_deref()).into())
            }
            None => Ok(()),
        }
    }
}

/// Whether the lease's holder still has its name.
fn has_lease(view: &View, lease: &Lease) -> bool {
    let mut names = view.names.iter().filter(|name| name.name == lease.name);
    view.pool == lease.pool
        && names.any(|name| {
            let mut holders = name.holders.iter();
            name.held && holders.any(|tenure| tenure.holder.token == lease.token)
        })
}
