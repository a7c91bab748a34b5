//! What is known about a name, beside who holds it.

use serde::{Deserialize, Serialize};

use crate::who::Who;

/// A name's state between leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Released in order.
    #[default]
    Clean,
    /// The last holder panicked, died, or marked it dirty.
    Dirty,
    /// Not lent again in the run that marked it broken.
    Broken,
}

/// One name of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Name {
    /// The highest fence that was granted, as far as the server remembers.
    pub fence: u64,
    /// The highest fence that was granted to one holder alone: all older holds had
    /// ended by then. Later ones were granted to readers beside readers.
    pub alone: u64,
    /// The rest.
    #[serde(flatten)]
    pub record: Record,
}

impl Name {
    /// The next fence. Each epoch has its own, above all that a server that forgot its last
    /// changes can have granted in an earlier one.
    pub(crate) fn next_fence(&self, epoch: u64) -> u64 {
        (self.fence + 1).max((epoch << 32) | 1)
    }
}

/// What may be changed of a name by its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// The state between leases; while lent, the state before.
    pub state: State,
    /// Why it is dirty or broken, if known.
    pub reason: Option<String>,
    /// The run that found it broken.
    pub broken_in: Option<String>,
    /// When it was first lent, in microseconds since 1970; 0 if never.
    pub created: u64,
    /// When it was last lent.
    pub lent: u64,
    /// The last holder of a dirty name.
    pub last: Option<LastHolder>,
    /// What hooks have done with it.
    pub life: Option<Life>,
}

/// What is known about the last holder of a dirty name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastHolder {
    /// Its test.
    pub test: String,
    /// Its run.
    pub run: String,
    /// How it ended, in words.
    pub how: String,
}

/// What hooks have done with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// A running hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Doing {
    /// Which, in words.
    pub what: String,
    /// Since when, in microseconds since 1970.
    pub since: u64,
}

/// Hooks that failed in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failures {
    /// The run.
    pub run: String,
    /// How often.
    pub count: u32,
    /// The first error.
    pub first: String,
}

impl Record {
    /// A holder ended without releasing the name.
    pub(crate) fn abandon(&mut self, who: &Who, how: String) {
        self.mark(State::Dirty, who, Some(how.clone()), &how);
    }

    /// A holder releases the name in this state. One of several readers can make a name
    /// worse, not better.
    pub(crate) fn give_back(
        &mut self,
        who: &Who,
        is_reader: bool,
        state: State,
        reason: Option<&str>,
    ) {
        // Marked by another reader of this run; an earlier run's mark no longer counts.
        let broken = self.state == State::Broken && self.broken_in.as_deref() == Some(&*who.run);
        if broken || (is_reader && state == State::Clean) {
            return;
        }
        let how = reason.unwrap_or("its test said so");
        self.mark(state, who, reason.map(str::to_owned), how);
    }

    fn mark(&mut self, state: State, who: &Who, reason: Option<String>, how: &str) {
        self.state = state;
        self.reason = reason;
        self.broken_in = (state == State::Broken).then(|| who.run.clone());
        self.last = (state != State::Clean).then(|| LastHolder {
            test: who.test.clone(),
            run: who.run.clone(),
            how: how.to_owned(),
        });
    }

    /// Whether the name needs no `init` in this run, as far as can be seen.
    pub(crate) fn is_warm(&self, run: &str, is_running: impl Fn(&str) -> bool) -> bool {
        let life = self.life.as_ref().filter(|life| life.done);
        life.is_some_and(|life| {
            life.fingerprint.is_some()
                || life
                    .runs
                    .iter()
                    .any(|known| known == run || is_running(known))
        })
    }
}
