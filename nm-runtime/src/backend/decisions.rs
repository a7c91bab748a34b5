//! What a pool's allocator has decided, and the next decision.

use std::time::Duration;

use crate::backend::ask::Ask;
use crate::base::error::{Error, Kind, Result};
use crate::base::json;
use crate::terms::decision::{Asked, Assigned, Assignment, Decide};
use crate::terms::holder::Holder;
use crate::terms::name;
use crate::terms::record::FORMAT;

/// How often an allocator that is busy is asked again although no holder ended.
pub(crate) const ASK_AGAIN: Duration = Duration::from_millis(250);

/// How many later requests may be served before a waiter that the allocator has no room
/// for, so that a large one is not starved by small ones.
const MOST_PASSES: usize = 8;

/// The decisions in force.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    v: u32,
    /// The allocator's own state.
    state: String,
    /// The names that it has granted and that were not taken back.
    pub(crate) names: Vec<String>,
    /// Waiters before which a later request was served: once for each.
    passed: Option<Vec<String>>,
}

json::object!(Decisions {
    v,
    state,
    names,
    passed,
});

/// A waiter of a pool with an allocator, as others ask about it.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Its request.
    pub(crate) request: String,
    pub(crate) holder: Holder,
}

json::object!(Asker { request, holder });

impl Asker {
    pub(crate) fn of(ask: &Ask<'_>) -> Self {
        Self {
            request: ask.request.text(),
            holder: ask.holder.clone(),
        }
    }
}

/// What the allocator, and the waiters before it, have for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decided<T = Assigned> {
    Granted(T),
    /// Not until a holder ends.
    Busy,
    /// Not before a waiter that is to be served first, and now.
    Later,
}

impl Decisions {
    pub(crate) fn none() -> Self {
        Self {
            v: FORMAT,
            state: String::new(),
            names: Vec::new(),
            passed: None,
        }
    }

    /// Decides on a request in this line of all waiters, where it has this id. A waiter that the
    /// allocator has no room for is passed, so often; others are served first.
    pub(crate) fn decide_in_line(
        &mut self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
        own: &str,
        line: impl FnOnce() -> Result<Vec<Asker>>,
    ) -> Result<Decided> {
        let mut decided = self.clone();
        let Some(assigned) = decided.decide(ask, allocator)? else {
            return Ok(Decided::Busy);
        };
        let line = line()?;
        let mut passed = decided.passed.take().unwrap_or_default();
        for before in line.iter().take_while(|waiter| waiter.request != own) {
            let passes = passed.iter().filter(|it| **it == before.request);
            if passes.count() >= MOST_PASSES {
                return Ok(Decided::Busy);
            }
            if self.has_room_for(before, allocator) {
                return Ok(Decided::Later);
            }
            passed.push(before.request.clone());
        }
        let waits = |request: &String| line.iter().any(|waiter| waiter.request == *request);
        passed.retain(|it| waits(it) && *it != own);
        decided.passed = (!passed.is_empty()).then_some(passed);
        *self = decided;
        Ok(Decided::Granted(assigned))
    }

    /// Whether a waiter's own turn would come to something.
    fn has_room_for(&self, waiter: &Asker, allocator: &dyn Decide) -> bool {
        let asked = Asked {
            test: &waiter.holder.test,
            run: &waiter.holder.run,
        };
        let decided = allocator.decide(&self.state, &asked);
        !matches!(decided, Ok((_, Assignment::Busy)))
    }

    /// Tells the allocator of names whose holders have ended.
    pub(crate) fn take_back(
        &mut self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
        ended: &[String],
    ) -> Result<()> {
        let told = allocator.take_back(&self.state, ended);
        self.state = told.map_err(|error| {
            let pool = ask.pool;
            Error::hook(
                format!("the allocator of pool `{pool}` failed to release"),
                error,
            )
        })?;
        self.names.retain(|name| !ended.contains(name));
        Ok(())
    }

    /// Asks the allocator, and adds what it grants; `None` if it is busy.
    pub(crate) fn decide(
        &mut self,
        ask: &Ask<'_>,
        allocator: &dyn Decide,
    ) -> Result<Option<Assigned>> {
        // A limit that is configured holds, whatever the allocator would grant.
        let capacity = ask.names.capacity();
        if capacity.is_some_and(|capacity| self.names.len() >= capacity) {
            return Ok(None);
        }
        let pool = ask.pool;
        let asked = Asked {
            test: &ask.holder.test,
            run: &ask.holder.run,
        };
        let decided = allocator.decide(&self.state, &asked);
        let (state, assignment) = decided.map_err(|error| {
            Error::hook(
                format!("the allocator of pool `{pool}` failed to assign"),
                error,
            )
        })?;
        let assigned = match assignment {
            Assignment::Granted(assigned) => assigned,
            Assignment::Busy => return Ok(None),
            Assignment::Never(reason) => {
                return Err(Error::new(
                    Kind::Never,
                    format!("pool `{pool}` can never grant this: {reason}"),
                ));
            }
        };
        name::check_name(&assigned.name)
            .map_err(|error| refused(ask, &assigned, "which cannot be a name").because(error))?;
        let twin = |name: &String| name.eq_ignore_ascii_case(&assigned.name);
        if self.names.iter().any(twin) {
            let why = "which is held; grant a name that was never granted, or was released";
            return Err(refused(ask, &assigned, why));
        }
        self.state = state;
        self.names.push(assigned.name.clone());
        Ok(Some(assigned))
    }

    /// The error of a granted name that turns out to be held by a request that the
    /// allocator was not asked for.
    pub(crate) fn held_outside(ask: &Ask<'_>, assigned: &Assigned) -> Error {
        refused(ask, assigned, "which is held outside of its decisions")
    }
}

fn refused(ask: &Ask<'_>, assigned: &Assigned, why: &str) -> Error {
    let (pool, name) = (ask.pool, assigned.name.escape_debug());
    Error::config(format!(
        "the allocator of pool `{pool}` granted `{name}`, {why}"
    ))
}
