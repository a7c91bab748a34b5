//! What is known about a name, beside its lock. Explains; never decides which holder
//! has it.

use std::sync::Arc;

use crate::base::clock;
use crate::base::error::Result;
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
    /// `initialising`, or `cleaning up`.
    pub what: String,
    /// Since when, in microseconds since 1970.
    pub since: u64,
}

json::object!(Doing { what, since });

impl Doing {
    /// It begins now.
    pub(crate) fn now(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            since: clock::now(),
        }
    }
}

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
    /// When the body of the holder's test ended, if the lease has outlived it; in
    /// microseconds since 1970.
    pub body_ended: Option<u64>,
}

json::object!(Tenure {
    holder,
    access,
    waiting,
    body_ended
});

impl Tenure {
    /// One that begins.
    pub(crate) fn new(holder: &Arc<Holder>, access: Access) -> Self {
        Self {
            holder: holder.clone(),
            access,
            waiting: None,
            body_ended: None,
        }
    }

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
        self.lend(tenure.holder.since, tenure.access);
        self.holders.push(tenure);
        dead
    }

    /// Notes that the name is lent now.
    pub(crate) fn lend(&mut self, now: u64, access: Access) {
        if access == Access::Exclusive {
            self.fence += 1;
        }
        if self.created == 0 {
            self.created = now;
        }
        self.lent = now;
    }

    /// Whether nobody has it, and the last holder left it clean.
    pub(crate) fn is_clean_and_free(&self) -> bool {
        matches!(
            self,
            Self {
                state: State::Clean,
                reason: None,
                broken_in: None,
                last: None,
                ..
            }
        ) && self.holders.is_empty()
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
            fence: clock::now(),
            state: State::Dirty,
            reason: Some("its record was unreadable".to_owned()),
            ..Self::new()
        }
    }

    /// Whether the name needs no `init` in this run, as far as can be seen from here: such
    /// names are lent first. What a run that is over left needs `cleanup` and `init`.
    pub(crate) fn is_warm(
        &self,
        run: &str,
        is_running: &mut dyn FnMut(&str) -> Result<bool>,
    ) -> Result<bool> {
        let Some(life) = self.life.as_ref().filter(|life| life.done) else {
            return Ok(false);
        };
        if life.fingerprint.is_some() || life.runs.iter().any(|known| known == run) {
            return Ok(true);
        }
        for known in &life.runs {
            if is_running(known)? {
                return Ok(true);
            }
        }
        Ok(false)
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

    use Access::{Exclusive, Shared};
    use State::{Broken, Clean, Dirty};

    /// The holder of that test, in the run `run`, granted at this time.
    fn holder(test: &str, since: u64) -> Arc<Holder> {
        Arc::new(Holder {
            test: test.to_owned(),
            pid: 1,
            pid_namespace: None,
            token: format!("1-{test}"),
            run: "run".to_owned(),
            file: String::new(),
            line: 0,
            since,
            host: None,
        })
    }

    /// `a` holds exclusively, `(a)` shares.
    fn tenures(text: &str) -> Vec<Tenure> {
        let tenure = |word: &str| Tenure {
            holder: holder(word.trim_matches(['(', ')']), 1),
            access: match word.starts_with('(') {
                true => Shared,
                false => Exclusive,
            },
            waiting: None,
            body_ended: None,
        };
        text.split_whitespace().map(tenure).collect()
    }

    fn shown(tenures: &[Tenure]) -> String {
        let show = |tenure: &Tenure| match tenure.access {
            Exclusive => tenure.holder.test.clone(),
            Shared => format!("({})", tenure.holder.test),
        };
        tenures.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_lease_that_is_only_noted_leaves_what_one_leaves_that_was_in_the_record() {
        for access in [Exclusive, Shared] {
            let mut in_it = Record {
                fence: 6,
                ..Record::new()
            };
            let mut noted = in_it.clone();
            for since in [3, 4] {
                assert!(noted.is_clean_and_free());
                noted.lend(since, access);
                let holder = Arc::new(holder("a", since));
                assert_eq!(in_it.grant(Tenure::new(&holder, access), true), []);
                assert!(!in_it.is_clean_and_free());
                in_it.give_back(&holder, access, Some((State::Clean, None)));
                assert_eq!(noted, in_it);
            }
            in_it.state = State::Dirty;
            assert!(!in_it.is_clean_and_free());
        }
    }

    #[test]
    fn a_grant_takes_out_the_dead_and_no_live_reader() {
        // The holders in the record, and the name's state; the new holder, and whether
        // it is alone; the dead, the holders in the record then, the fence (5 before)
        // and the state.
        for (before, state, new, alone, dead, after, fence, then) in [
            ("", Clean, "new", true, "", "new", 6, Clean),
            ("", Dirty, "new", true, "", "new", 6, Dirty),
            ("", Broken, "new", true, "", "new", 6, Broken),
            ("", Clean, "(new)", true, "", "(new)", 5, Clean),
            ("a", Clean, "new", true, "a", "new", 6, Dirty),
            ("a", Broken, "new", true, "a", "new", 6, Dirty),
            ("a", Clean, "(new)", true, "a", "(new)", 5, Dirty),
            ("(a)", Clean, "new", true, "(a)", "new", 6, Dirty),
            ("(a) (b)", Clean, "new", true, "(a) (b)", "new", 6, Dirty),
            ("(a)", Clean, "(new)", true, "(a)", "(new)", 5, Dirty),
            ("(a)", Clean, "(new)", false, "", "(a) (new)", 5, Clean),
            ("(a)", Dirty, "(new)", false, "", "(a) (new)", 5, Dirty),
            ("(a) b", Clean, "(new)", false, "b", "(a) (new)", 5, Dirty),
        ] {
            let mut record = Record {
                fence: 5,
                state,
                holders: tenures(before),
                ..Record::new()
            };
            let died = record.grant(tenures(new).remove(0), alone);
            let case = format!("{before:?} {state:?} {new} {alone}");
            assert_eq!(shown(&died), dead, "{case}");
            assert_eq!(shown(&record.holders), after, "{case}");
            assert_eq!((record.fence, record.state), (fence, then), "{case}");
            // The reason names the first of the dead.
            let first = died.first().map(|tenure| tenure.holder.test.clone());
            let how = first
                .as_ref()
                .map(|test| format!("`{test}` ended while it held it"));
            assert_eq!(record.last.as_ref().map(|last| &last.test), first.as_ref());
            assert_eq!(record.reason, how, "{case}");
        }
    }

    #[test]
    fn a_grant_remembers_the_first_time_and_the_last() {
        let mut record = Record::new();
        for (since, created) in [(7, 7), (9, 7)] {
            let tenure = Tenure {
                holder: holder("a", since),
                access: Exclusive,
                waiting: None,
                body_ended: None,
            };
            record.holders.clear();
            record.grant(tenure, true);
            assert_eq!((record.created, record.lent), (created, since));
        }
    }

    #[test]
    fn a_name_given_back_is_as_its_last_writer_or_its_worst_reader_left_it() {
        let (quietly, said) = (None, Some("said"));
        let kept = Some("old");
        // How `a` held a name in this state, broken in this run; how it gives it back,
        // as it was where it says nothing; the state then, its reason, and the run
        // that it is broken in.
        for (access, state, broken_in, after, then, reason, in_run) in [
            (
                Exclusive,
                Clean,
                "",
                Some((Clean, quietly)),
                Clean,
                None,
                "",
            ),
            (
                Exclusive,
                Dirty,
                "",
                Some((Clean, quietly)),
                Clean,
                None,
                "",
            ),
            (
                Exclusive,
                Clean,
                "",
                Some((Dirty, quietly)),
                Dirty,
                None,
                "",
            ),
            (Exclusive, Clean, "", Some((Dirty, said)), Dirty, said, ""),
            (
                Exclusive,
                Clean,
                "",
                Some((Broken, said)),
                Broken,
                said,
                "run",
            ),
            (Exclusive, Dirty, "", None, Dirty, kept, ""),
            (Exclusive, Broken, "before", None, Broken, kept, "before"),
            (
                Exclusive,
                Broken,
                "before",
                Some((Clean, quietly)),
                Clean,
                None,
                "",
            ),
            (
                Exclusive,
                Broken,
                "before",
                Some((Broken, said)),
                Broken,
                said,
                "run",
            ),
            (
                Exclusive,
                Broken,
                "run",
                Some((Clean, quietly)),
                Broken,
                kept,
                "run",
            ),
            (Shared, Clean, "", Some((Clean, quietly)), Clean, kept, ""),
            (Shared, Dirty, "", Some((Clean, quietly)), Dirty, kept, ""),
            (Shared, Clean, "", Some((Dirty, said)), Dirty, said, ""),
            (Shared, Clean, "", Some((Broken, said)), Broken, said, "run"),
            (
                Shared,
                Broken,
                "run",
                Some((Dirty, said)),
                Broken,
                kept,
                "run",
            ),
            (
                Shared,
                Broken,
                "run",
                Some((Clean, quietly)),
                Broken,
                kept,
                "run",
            ),
            (
                Shared,
                Broken,
                "before",
                Some((Dirty, said)),
                Dirty,
                said,
                "",
            ),
            (
                Shared,
                Broken,
                "before",
                Some((Clean, quietly)),
                Broken,
                kept,
                "before",
            ),
            (Shared, Dirty, "", None, Dirty, kept, ""),
        ] {
            let run = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let mut record = Record {
                state,
                broken_in: run(broken_in),
                reason: kept.map(str::to_owned),
                holders: tenures("(other) a"),
                ..Record::new()
            };
            record.give_back(&holder("a", 1), access, after);
            let case = format!("{access:?} {state:?} {broken_in:?} {after:?}");
            assert_eq!(shown(&record.holders), "(other)", "{case}");
            assert_eq!(record.state, then, "{case}");
            assert_eq!(record.reason.as_deref(), reason, "{case}");
            assert_eq!(record.broken_in, run(in_run), "{case}");
        }
    }

    #[test]
    fn the_last_holder_is_known_of_a_name_that_it_left_unclean() {
        for (state, reason, how) in [
            (Clean, None, None),
            (Dirty, None, Some("its test said so")),
            (Dirty, Some("said"), Some("said")),
            (Broken, Some("said"), Some("said")),
        ] {
            let mut record = Record::new();
            record.give_back(&holder("a", 1), Exclusive, Some((state, reason)));
            let last = record.last.map(|last| (last.test, last.run, last.how));
            let expected = how.map(|how| ("a".to_owned(), "run".to_owned(), how.to_owned()));
            assert_eq!(last, expected, "{state:?} {reason:?}");
        }
    }

    #[test]
    fn a_lease_takes_out_itself_and_no_other_lease_of_its_thread() {
        let mut record = Record {
            holders: vec![
                Tenure {
                    holder: holder("a", 1),
                    ..tenures("(a)").remove(0)
                },
                Tenure {
                    holder: holder("a", 2),
                    ..tenures("(a)").remove(0)
                },
            ],
            ..Record::new()
        };
        record.give_back(&holder("a", 2), Shared, None);
        assert_eq!(record.holders.len(), 1);
        assert_eq!(record.holders[0].holder.since, 1);
        // One that is not there any more: another took it for dead.
        record.give_back(&holder("a", 3), Shared, None);
        assert_eq!(record.holders.len(), 1);
    }

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
