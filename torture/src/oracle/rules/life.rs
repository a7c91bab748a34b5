use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Access, Line};
use crate::oracle::story::{Call, Request};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// A name is made before its first use, once a run; fresh before every other use,
/// and told to be dirty if it is; and taken down once, before it is made anew and
/// when all is over.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for (pool, _) in story.pools.iter().filter(|(_, pool)| pool.hooks) {
        for name in story.names(pool) {
            let mut life = Life {
                story,
                name: name.clone(),
                state: State::Raw { by: None },
                dirty: None,
                made_in: BTreeMap::new(),
                users: BTreeSet::new(),
                found: Vec::new(),
            };
            life.walk();
            verdict.violations.append(&mut life.found);
        }
    }
}

#[derive(Clone, Copy)]
enum Moment<'s, 'a> {
    Begins(&'s Call<'a>),
    Done(&'s Call<'a>),
    Failed(&'s Call<'a>),
    Granted(&'s Request<'a>),
    /// Given back dirty, or never given back.
    Soiled(&'a Line),
}

/// What is surely known of the name.
#[derive(Clone, Copy)]
enum State<'a> {
    /// Nothing is there; what took it down, in the end.
    Raw { by: Option<&'a Line> },
    /// By a hook that may never have ended.
    Making,
    /// By a hook whose process may have died before it wrote that down.
    Made { by: &'a Line },
    /// And used.
    Used { by: &'a Line },
    /// By a hook that may never have ended.
    Unmaking,
}

struct Life<'s, 'a> {
    story: &'s Story<'a>,
    name: String,
    state: State<'a>,
    dirty: Option<&'a Line>,
    /// In which run it was made and used.
    made_in: BTreeMap<&'a str, &'a Line>,
    /// The runs that have used it since.
    users: BTreeSet<&'a str>,
    found: Vec<Violation>,
}

impl<'s, 'a> Life<'s, 'a> {
    fn walk(&mut self) {
        for moment in self.moments() {
            match moment {
                Moment::Begins(call) => self.begins(call),
                Moment::Done(call) => self.done(call),
                Moment::Failed(call) => self.failed(call),
                Moment::Granted(request) => self.granted(request),
                Moment::Soiled(line) => self.dirty = Some(line),
            }
        }
        let left = match self.state {
            State::Used { by } | State::Made { by } => by,
            State::Raw { .. } | State::Making | State::Unmaking => return,
        };
        if let Some(over) = self.story.over {
            self.report(
                "not taken down",
                "was made and never taken down",
                [left, over],
            );
        }
    }

    fn moments(&self) -> Vec<Moment<'s, 'a>> {
        let mut moments = Vec::new();
        let calls = self.story.calls.iter();
        for call in calls.filter(|call| call.hook.name == self.name) {
            moments.push((call.begins.at, Moment::Begins(call)));
            moments.extend(call.done.map(|line| (line.at, Moment::Done(call))));
            moments.extend(call.failed.map(|line| (line.at, Moment::Failed(call))));
        }
        for request in &self.story.requests {
            let (Some(granted), true) = (
                request.granted,
                request.leases.iter().any(|(name, _)| *name == self.name),
            ) else {
                continue;
            };
            moments.push((granted.at, Moment::Granted(request)));
            let died = self.story.died_with(request);
            let soiled = died.or(request.releases.filter(|_| request.dirty));
            // A kill may take a moment.
            moments.extend(soiled.map(|line| (line.at.max(granted.at), Moment::Soiled(line))));
        }
        moments.sort_by_key(|(at, _)| *at);
        moments.into_iter().map(|(_, moment)| moment).collect()
    }

    fn begins(&mut self, call: &Call<'a>) {
        let line = call.begins;
        match call.hook.what.as_str() {
            "init" => {
                if let State::Used { by } = self.state {
                    self.report(
                        "made anew",
                        "was made anew and not taken down before",
                        [by, line],
                    );
                }
                self.state = State::Making;
                self.users.clear();
            }
            "reset" => {
                match self.state {
                    State::Made { .. } | State::Used { .. } => {}
                    _ => self.report("not made", "was reset and had not been made", [line]),
                }
                if let (Some(why), false) = (self.dirty, call.hook.dirty) {
                    self.report(
                        "dirty",
                        "was dirty and reset as if it were clean",
                        [why, line],
                    );
                }
            }
            "cleanup" => {
                // A killed process may have been about to say that it makes it.
                if let State::Raw { by } = self.state
                    && by.is_none_or(|by| self.story.killed_with(by).is_none())
                    && !self.may_be_there(by.map_or(0, |by| by.at), line.at)
                {
                    let before = by.into_iter().chain([line]);
                    self.report("taken down twice", "was taken down and not there", before);
                }
                self.state = State::Unmaking;
                if call.request.is_none() {
                    self.is_over(line);
                }
                // From here on it is of no use to any run.
                self.users.clear();
            }
            _ => {}
        }
    }

    /// Whether a killed process had the name, or may have had, before it was asked to
    /// write down what it does with it.
    fn may_be_there(&self, from: u64, until: u64) -> bool {
        self.story.requests.iter().any(|request| {
            let taken = request.taken().map(|line| line.at);
            let own = |call: &Call<'_>| {
                call.hook.name == self.name
                    && (call.process, call.thread) == (request.process, request.thread)
                    && Some(call.begins.at) > taken
            };
            self.name.starts_with(&format!("{}-", request.ask.pool))
                && request.granted.is_none()
                && self.story.killed(request.process).is_some()
                && taken.is_some_and(|taken| from < taken && taken < until)
                && !self.story.calls.iter().any(own)
        })
    }

    /// A process that used a pool is of its run until it ends, and the run's names stay.
    fn is_over(&mut self, cleanup: &'a Line) {
        let users = |request: &&Request<'_>| {
            let uses = |line: &Line| line.at < cleanup.at;
            let Some(process) = self.story.processes.get(request.process) else {
                return false;
            };
            let lives = process.last.is_some_and(|last| last.at > cleanup.at)
                && process.killed.is_none_or(|killed| killed.at > cleanup.at);
            lives
                && self.users.contains(process.run)
                && self.name.starts_with(&format!("{}-", request.ask.pool))
                && request.granted.is_some_and(uses)
        };
        if let Some(user) = self.story.requests.iter().find(users) {
            let last = self.story.processes[user.process].last;
            let lines = [user.granted, Some(cleanup), last].into_iter().flatten();
            self.report(
                "taken down too soon",
                "was taken down in the middle of a run",
                lines,
            );
        }
    }

    fn done(&mut self, call: &Call<'a>) {
        let Some(line) = call.done else { return };
        match call.hook.what.as_str() {
            "init" => {
                self.state = State::Made { by: line };
                self.dirty = None;
            }
            "reset" => self.dirty = None,
            "cleanup" => {
                self.state = State::Raw { by: Some(line) };
                self.dirty = None;
                // Others of the same run may come and make it again.
                self.made_in.clear();
            }
            _ => {}
        }
    }

    fn failed(&mut self, call: &Call<'a>) {
        match call.hook.what.as_str() {
            // What is left there is not known; of a reset, that it must be done again.
            "reset" => self.dirty = call.failed,
            // `init` may have to deal with what is left.
            "cleanup" => self.made_in.clear(),
            _ => {}
        }
    }

    fn granted(&mut self, request: &Request<'a>) {
        let Some(line) = request.granted else { return };
        let run = self.story.processes.get(request.process);
        let run = run.map_or("", |process| process.run);
        let own = self.own_call(request);
        match self.state {
            State::Made { by } | State::Used { by } => {
                self.state = State::Used { by };
                self.users.insert(run);
                if own.is_some_and(|call| call.hook.what == "init")
                    && let Some(before) = self.made_in.insert(run, by)
                {
                    self.report("made twice", "was made twice in one run", [before, by]);
                }
            }
            _ => self.report("not made", "was lent and not made before", [line]),
        }
        let fresh = match request.ask.access {
            Access::Exclusive => own.is_some(),
            Access::Shared => own.is_some() || self.shares(request),
        };
        if !fresh {
            self.report(
                "not fresh",
                "was lent and neither made nor reset for its holder",
                [request.asked, line],
            );
        }
    }

    /// What the request's own hook did with the name, last.
    fn own_call(&self, request: &Request<'a>) -> Option<&'s Call<'a>> {
        let granted = request.granted?.at;
        let ours = |call: &&Call<'_>| {
            call.hook.name == self.name
                && (call.process, call.thread) == (request.process, request.thread)
                && call.begins.at > request.asked.at
                && call.done.is_some_and(|done| done.at < granted)
                && call.hook.what != "cleanup"
        };
        self.story.calls.iter().rfind(ours)
    }

    /// Whether another reader may have had the name made fresh already.
    fn shares(&self, request: &Request<'a>) -> bool {
        let granted = request.granted.map_or(u64::MAX, |line| line.at);
        self.story.requests.iter().any(|other| {
            let theirs = other.ask.access == Access::Shared
                && !std::ptr::eq(other, request)
                && other.ask.pool == request.ask.pool
                && other.asked.at < granted;
            let until = other.released.map(|line| line.at).or_else(|| {
                let gone = self.story.processes.get(other.owner)?.gone;
                Some(gone.or(self.story.killed(other.owner))?.at)
            });
            theirs && until.is_none_or(|until| until > request.asked.at)
        })
    }

    fn report(
        &mut self,
        rule: &'static str,
        what: &str,
        lines: impl IntoIterator<Item = &'a Line>,
    ) {
        let what = format!("`{}` {what}", self.name);
        self.found.push(Violation::new(rule, what, lines));
    }
}
