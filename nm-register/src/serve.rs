//! Who of the line is served.

use std::collections::BTreeSet;

use crate::access::Access;
use crate::document::{By, Document, Hold, Waiter, Wanted};
use crate::event::Kind;
use crate::failure::Failure;
use crate::id::Token;
use crate::names::is_lock;
use crate::record::State;
use crate::request::{Assign, DECISIONS, Decision};
use crate::work::Work;

/// So many names that an allocator has made are known after their last lease.
const MADE: usize = 64;

/// What a look at one name finds.
enum Sight {
    Free {
        /// No other request holds it.
        alone: bool,
    },
    Busy,
    /// With the reason.
    Broken(String),
}

/// A name that a request can have.
struct Choice {
    index: usize,
    name: String,
    alone: bool,
}

/// What there is for one waiter.
enum Found {
    All(Vec<Choice>),
    TooFew,
    Never(Failure),
}

impl Work<'_> {
    /// Grants what can be granted, in order of arrival. Whoever makes a name free does so in
    /// the same step, so that no name is idle while somebody waits for it.
    pub(crate) fn serve(&mut self) {
        self.serve_beside();
        // The head of the queue takes what it wants, or steps aside for its given name, or
        // holds up all behind it.
        while let Some(at) = self.document.line.iter().position(Waiter::is_served) {
            match self.find(at) {
                Found::All(choices) => self.grant(at, choices),
                Found::Never(failure) => self.document.line[at].failed = Some(failure),
                Found::TooFew => {
                    let waiter = &mut self.document.line[at];
                    match waiter.wants {
                        Wanted::Count(_) | Wanted::Assigned => return,
                        Wanted::Name(_) => waiter.beside = true,
                    }
                }
            }
        }
    }

    /// Those that wait for a given name beside the queue: the first of each name, and those that
    /// pass it.
    fn serve_beside(&mut self) {
        let mut reserved = BTreeSet::new();
        let mut at = 0;
        while let Some(waiter) = self.document.line.get(at) {
            let name = match &waiter.wants {
                Wanted::Name(name)
                    if waiter.reserves(name)
                        && (waiter.passes(name) || !reserved.contains(name)) =>
                {
                    name.clone()
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            match self.find(at) {
                // The next one has moved up.
                Found::All(choices) => self.grant(at, choices),
                Found::Never(failure) => self.document.line[at].failed = Some(failure),
                Found::TooFew => {
                    reserved.insert(name);
                    at += 1;
                }
            }
        }
    }

    fn find(&self, at: usize) -> Found {
        if !self.known.calm {
            return Found::TooFew;
        }
        let waiter = &self.document.line[at];
        let found = match &waiter.wants {
            Wanted::Name(name) => self.find_given(at, name),
            Wanted::Count(count) => self.find_any(at, *count),
            Wanted::Assigned => Found::TooFew,
        };
        let Found::All(choices) = &found else {
            return found;
        };
        match self.document.refuse(waiter, choices) {
            Some(failure) => Found::Never(failure),
            None => found,
        }
    }

    fn find_given(&self, at: usize, name: &str) -> Found {
        match self.document.look(at, name) {
            Sight::Busy => Found::TooFew,
            Sight::Broken(reason) => Found::Never(Failure::Broken(reason)),
            Sight::Free { alone } => Found::All(vec![Choice {
                index: 0,
                name: name.to_owned(),
                alone,
            }]),
        }
    }

    fn find_any(&self, at: usize, count: usize) -> Found {
        let document = &self.document;
        let waiter = &document.line[at];
        let Some(spec) = &document.spec else {
            return Found::TooFew;
        };
        let capacity = spec.names.capacity();
        if let Some(capacity) = capacity
            && capacity < count
        {
            return Found::Never(Failure::Capacity(capacity));
        }
        let mut broken = Vec::new();
        // Before others: readers join readers, and a warm name needs no `init`.
        let (mut better, mut others) = (Vec::new(), Vec::new());
        let first = waiter.first.min(capacity.unwrap_or(usize::MAX));
        for index in (first..capacity.unwrap_or(usize::MAX)).chain(0..first) {
            let Some(name) = spec.names.get(index) else {
                break;
            };
            let known = document.names.get(&*name);
            let enough = better.len() + others.len() >= count;
            // No name after a new one of an unbounded pool is any better.
            if better.len() >= count || (enough && capacity.is_none() && known.is_none()) {
                break;
            }
            let alone = match document.look(at, &name) {
                Sight::Busy => continue,
                Sight::Broken(reason) => {
                    broken.push(reason);
                    continue;
                }
                Sight::Free { alone } => alone,
            };
            let is_warm = || {
                let run = &waiter.who.run;
                known.is_some_and(|it| it.record.is_warm(run, |run| document.is_running(run)))
            };
            let is_better = match waiter.access {
                Access::Shared => !alone,
                Access::Exclusive => !waiter.warm_first || is_warm(),
            };
            let name = name.into_owned();
            let choice = Choice { index, name, alone };
            match is_better {
                true => better.push(choice),
                false => others.push(choice),
            }
        }
        let too_few = capacity.is_some_and(|capacity| capacity - broken.len() < count);
        if let (true, Some(reason)) = (too_few, broken.into_iter().next()) {
            return Found::Never(Failure::Broken(reason));
        }
        better.extend(others);
        better.truncate(count);
        if better.len() < count {
            return Found::TooFew;
        }
        better.sort_by_key(|choice| choice.index);
        Found::All(better)
    }

    /// Takes what an allocator has decided for a request in the line, if all is as it was when
    /// it was asked.
    pub(crate) fn assign(&mut self, token: Token, assign: &Assign) {
        let mut line = self.document.line.iter();
        let Some(at) = line.position(|waiter| waiter.token == token) else {
            return;
        };
        if let Some(failure) = self.document.refuse(&self.document.line[at], &[]) {
            self.document.line[at].failed = Some(failure);
            return;
        }
        if self.document.code.allocator.is_none() {
            // One that decides beside leases of which it does not know says so.
            let mut holds = self.document.holds.iter();
            if holds.any(|hold| !is_lock(&hold.name) && hold.by.is_none()) {
                return;
            }
            self.document.code.allocator = Some(assign.allocator.clone());
        }
        let Some(decision) = &assign.decision else {
            return;
        };
        match self.find_assigned(at, decision) {
            Found::All(choices) => {
                let (notes, text) = (&mut self.document.notes, decision.decisions.clone());
                notes.insert(DECISIONS.to_owned(), text);
                self.grant(at, choices);
            }
            Found::Never(failure) => self.document.line[at].failed = Some(failure),
            Found::TooFew => {}
        }
    }

    fn find_assigned(&self, at: usize, decision: &Decision) -> Found {
        let document = &self.document;
        let is_known = |hold: &Hold| hold.by.is_none() || decision.out.contains(&hold.name);
        let mut before = document.line[..at].iter();
        let is_current = self.known.calm
            && document.notes.get(DECISIONS) == decision.was.as_ref()
            && document.holds.iter().all(is_known)
            && before.all(|other| !other.is_asking() || decision.passed.contains(&other.token));
        if !is_current || is_lock(&decision.name) {
            return Found::TooFew;
        }
        let found = self.find_given(at, &decision.name);
        let Found::All(choices) = &found else {
            return found;
        };
        match document.refuse(&document.line[at], choices) {
            Some(failure) => Found::Never(failure),
            None => found,
        }
    }

    fn grant(&mut self, at: usize, choices: Vec<Choice>) {
        let waiter = self.document.line.remove(at);
        let is_asking = waiter.wants == Wanted::Assigned;
        let mut who = waiter.who;
        let waited = self.known.now.saturating_sub(who.since);
        who.since = self.known.now;
        for choice in choices {
            let (now, epoch) = (self.known.now, self.known.epoch);
            let known = self.known(&choice.name);
            // Every grant, a reader's too: after lost changes the fences say who came later.
            let fence = known.next_fence(epoch);
            known.fence = fence;
            let alone = choice.alone && waiter.access == Access::Shared && !is_lock(&choice.name);
            let hold = Hold {
                token: waiter.token,
                session: waiter.session,
                name: choice.name,
                access: waiter.access,
                alone,
                fence,
                id: waiter.id.clone(),
                who: who.clone(),
                waiting: None,
                body_ended: None,
                by: is_asking.then_some(By::Allocator),
            };
            if hold.excludes() {
                known.alone = fence;
            }
            known.record.lent = now;
            if known.record.created == 0 {
                known.record.created = now;
            }
            self.log(Kind::Acquired, &hold, None, Some(waited));
            self.document.holds.push(hold);
        }
    }
}

impl Waiter {
    /// Whether it is for us to find names for it, once it is the head of the queue.
    fn is_served(&self) -> bool {
        self.is_in_queue() && self.wants != Wanted::Assigned
    }

    /// Whether it waits for what the pool's allocator decides.
    fn is_asking(&self) -> bool {
        self.is_in_queue() && self.wants == Wanted::Assigned
    }
}

impl Document {
    /// Names that an allocator has made, that were lent before the latest ones, and of which
    /// nothing is left.
    pub(crate) fn made_before(&self) -> BTreeSet<String> {
        if self.code.allocator.is_none() {
            return BTreeSet::new();
        }
        let names = self.names.iter().filter(|(name, known)| {
            let is_left = known.record.life.is_none() && known.record.state != State::Broken;
            is_left && !is_lock(name) && self.of_name(name).next().is_none()
        });
        let mut left: Vec<_> = names.collect();
        left.sort_by_key(|(_, known)| std::cmp::Reverse(known.record.lent));
        let before = left.into_iter().skip(MADE);
        before.map(|(name, _)| name.clone()).collect()
    }

    /// Whether the waiter at this place could have a name, as far as others go.
    fn look(&self, at: usize, name: &str) -> Sight {
        let waiter = &self.line[at];
        // Those beside the queue have come to its head before everybody in it.
        let mut before = match waiter.beside {
            true => self.line[..at].iter(),
            false => self.line.iter(),
        };
        if !waiter.passes(name) && before.any(|other| other.reserves(name)) {
            return Sight::Busy;
        }
        let mut holds = self.of_name(name).peekable();
        let alone = holds.peek().is_none();
        let excludes = |hold: &Hold| hold.excludes() || waiter.access == Access::Exclusive;
        if holds.any(excludes) {
            return Sight::Busy;
        }
        let record = self.names.get(name).map(|known| &known.record);
        let broken = record.filter(|record| {
            let in_this_run = record.broken_in.as_deref() == Some(&*waiter.who.run);
            !waiter.even_broken && record.state == State::Broken && in_this_run
        });
        match broken {
            Some(record) => {
                let reason = record.reason.as_deref().unwrap_or("no reason given");
                Sight::Broken(format!("`{name}`: {reason}"))
            }
            None => Sight::Free { alone },
        }
    }

    /// Why names are not lent to a program that lacks the code of the pool.
    fn refuse(&self, waiter: &Waiter, choices: &[Choice]) -> Option<Failure> {
        if choices.iter().any(|choice| is_lock(&choice.name)) {
            return None;
        }
        if self.code.resource.is_some() && !waiter.has_hooks {
            return Some(Failure::Hooks);
        }
        if self.code.allocator.is_some() && !waiter.has_allocator {
            return Some(Failure::Allocator);
        }
        let is_made = |choice: &&Choice| {
            let known = self.names.get(&choice.name);
            known.is_some_and(|known| known.record.life.is_some())
        };
        let made = choices.iter().find(is_made).filter(|_| !waiter.has_hooks);
        made.map(|choice| Failure::Made(choice.name.clone()))
    }
}
