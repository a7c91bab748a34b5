//! What is known about a name, beside its lock. Explains; never decides which holder
//! has it.

use std::sync::Arc;

use crate::base::json;
use crate::terms::access::Access;
use crate::terms::holder::{Holder, LastHolder};

/// The version of the record and journal formats.
///
/// 1: the first.
pub(crate) const FORMAT: u32 = 1;

/// A name's state between leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Released in order.
    #[default]
    Clean,
    /// The last holder panicked, died, or marked it dirty.
    Dirty,
    /// Not lent again in the run that marked it broken.
    Broken,
}

json::words!(State: Clean, Dirty, Broken);

impl State {
    /// `clean`, `dirty` or `broken`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Dirty => "dirty",
            Self::Broken => "broken",
        }
    }
}

/// One name's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The version of the format.
    pub v: u32,
    /// Grows with every exclusive lease.
    pub fence: u64,
    /// The state between leases; while lent, the state before.
    pub state: State,
    /// Why it is dirty or broken, if known.
    pub reason: Option<String>,
    /// The run that found it broken.
    pub broken_in: Option<String>,
    /// Its holders. Not empty in a free name: the last holder died.
    pub holders: Vec<Tenure>,
    /// When the name was first lent, in microseconds since 1970.
    pub created: u64,
    /// When it was last lent.
    pub lent: u64,
    /// The last holder of a dirty name.
    pub last: Option<LastHolder>,
    /// What the hooks of the pool's resource have done with it.
    pub life: Option<Life>,
}

json::object!(Record {
    v,
    fence,
    state,
    reason,
    broken_in,
    holders,
    created,
    lent,
    last,
    life
});

/// What hooks have done with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Whether `init` is done; if not, it was killed or failed half-way.
    pub done: bool,
    /// What `init` depended on.
    pub fingerprint: Option<String>,
    /// The runs that have used it since.
    pub runs: Vec<String>,
    /// The hook that is running.
    pub doing: Option<Doing>,
    /// What failed in one run.
    pub failures: Failures,
}

json::object!(Life {
    done,
    fingerprint,
    runs,
    doing,
    failures
});

impl Life {
    /// Whether the name outlives its runs: if it has a fingerprint, unless it is broken.
    pub(crate) fn is_kept(&self, state: State) -> bool {
        self.done && self.fingerprint.is_some() && state != State::Broken
    }
}

/// A running hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// `initialising`.
    pub what: String,
    /// Since when, in microseconds since 1970.
    pub since: u64,
}

json::object!(Doing { what, since });

/// Hooks that failed in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The run.
    pub run: String,
    /// How often.
    pub count: u32,
    /// The first error.
    pub first: String,
}

json::object!(Failures { run, count, first });

impl Failures {
    /// After this many, the hook is not tried again in the run.
    pub(crate) const MOST: u32 = 3;

    pub(crate) fn none() -> Self {
        Self {
            run: String::new(),
            count: 0,
            first: String::new(),
        }
    }

    /// Counts a failure in this run.
    pub(crate) fn add(&mut self, run: &str, error: &str) {
        if self.run != run {
            *self = Self {
                run: run.to_owned(),
                count: 0,
                first: error.to_owned(),
            };
        }
        self.count = self.count.saturating_add(1);
    }

    /// The first error, if there were too many in this run.
    pub(crate) fn given_up(&self, run: &str) -> Option<&str> {
        (self.run == run && self.count >= Self::MOST).then_some(&self.first)
    }
}

/// One holder's time with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// The holder.
    pub holder: Arc<Holder>,
    /// Its access.
    pub access: Access,
    /// What the holder waits for while it holds this.
    pub waiting: Option<Waiting>,
}

json::object!(Tenure {
    holder,
    access,
    waiting
});

impl Tenure {
    /// Whether it belongs to this holder, and to this lease.
    pub(crate) fn is_of(&self, holder: &Holder) -> bool {
        self.holder.token == holder.token && self.holder.since == holder.since
    }
}

/// What a holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The pool.
    pub pool: String,
    /// The pool's directory.
    pub dir: String,
    /// How many names.
    pub count: u64,
    /// Of how many; `None` if the pool is unbounded.
    pub capacity: Option<u64>,
    /// Only this name.
    pub name: Option<String>,
    /// The access asked for.
    pub access: Access,
    /// Whether it waits in the queue; if not, beside it, for its name alone.
    pub queued: bool,
    /// Whether the name is reserved for this holder.
    pub reserved: Option<bool>,
}

json::object!(Waiting {
    pool,
    dir,
    count,
    capacity,
    name,
    access,
    queued,
    reserved
});

impl Record {
    /// The record of a name that was never lent.
    pub(crate) fn new() -> Self {
        Self {
            v: FORMAT,
            fence: 0,
            state: State::Clean,
            reason: None,
            broken_in: None,
            holders: Vec::new(),
            created: 0,
            lent: 0,
            last: None,
            life: None,
        }
    }

    /// Adds a holder that has just been granted the name. Removes and returns the
    /// holders that died: all if the new one is `alone` (it alone has the name's lock),
    /// and otherwise the exclusive ones (beside readers there may be other readers, but
    /// no live writer).
    pub(crate) fn grant(&mut self, tenure: Tenure, alone: bool) -> Vec<Tenure> {
        let is_dead = |tenure: &mut Tenure| alone || tenure.access == Access::Exclusive;
        let dead: Vec<_> = self.holders.extract_if(.., is_dead).collect();
        if let Some(first) = dead.first() {
            let how = format!("`{}` ended while it held it", first.holder.test);
            self.state = State::Dirty;
            self.last = Some(LastHolder::new(&first.holder, &how));
            self.reason = Some(how);
        }
        if tenure.access == Access::Exclusive {
            self.fence += 1;
        }
        let now = tenure.holder.since;
        if self.created == 0 {
            self.created = now;
        }
        self.lent = now;
        self.holders.push(tenure);
        dead
    }

    /// Removes a holder that releases the name, in this state and for this reason;
    /// `None` leaves the state as it was. One of several readers can make a name
    /// worse, not better.
    pub(crate) fn give_back(
        &mut self,
        holder: &Holder,
        access: Access,
        after: Option<(State, Option<&str>)>,
    ) {
        let ours = self.holders.iter().position(|tenure| tenure.is_of(holder));
        ours.map(|at| self.holders.remove(at));
        let Some((state, reason)) = after else {
            return;
        };
        // Marked by another reader of this run; an earlier run's mark no longer counts.
        let broken = self.state == State::Broken && self.broken_in.as_deref() == Some(&*holder.run);
        if broken || (access == Access::Shared && state == State::Clean) {
            return;
        }
        self.state = state;
        let how = reason.unwrap_or("its test said so");
        self.last = (state != State::Clean).then(|| LastHolder::new(holder, how));
        self.reason = reason.map(str::to_owned);
        self.broken_in = (state == State::Broken).then(|| holder.run.clone());
    }

    /// Replaces an unreadable record. What happened to the name is unknown, so it is
    /// dirty; its fence starts above any count of leases.
    pub(crate) fn unreadable() -> Self {
        Self {
            fence: crate::base::clock::now(),
            state: State::Dirty,
            reason: Some("its record was unreadable".to_owned()),
            ..Self::new()
        }
    }

    /// Whether the name needs no `init`: such names are lent first.
    pub(crate) fn is_warm(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.done)
    }

    /// Reads a record, which another process may be writing; `None` if it is not sound.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut text = text.strip_suffix(b"\n").unwrap_or(text);
        // Most of a record is padding.
        while let Some(rest) = text.strip_suffix(&[b' '; 32]) {
            text = rest;
        }
        let record: Self = json::from_slice(text)?;
        // No fence can follow the highest: we did not write it.
        (record.v <= FORMAT && record.fence < u64::MAX).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_beyond_counting_are_still_too_many() {
        let mut failures = Failures {
            run: "run".to_owned(),
            count: u32::MAX,
            first: "first".to_owned(),
        };
        failures.add("run", "again");
        assert_eq!(failures.given_up("run"), Some("first"));
    }
}
