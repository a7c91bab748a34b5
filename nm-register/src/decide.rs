//! The next state of a pool.

use crate::access::Access;
use crate::document::{Document, Hold, Waiter, Wanted};
use crate::event::{Event, Kind};
use crate::id::Token;
use crate::names::{Spec, is_lock};
use crate::record::{Name, Record};
use crate::request::{After, Assign, Outcome, Refusal, Request};
use crate::work::{Known, Work};

/// The next document, and what came of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// To be stored instead, if the tag is still that of the one that was read.
    pub document: Document,
    /// One for each request.
    pub outcomes: Vec<Outcome>,
    /// To be stored with it.
    pub events: Vec<Event>,
}

/// Does what is asked, one after the other, in a pool from which the dead are taken out
/// first; and grants after each what can be granted.
pub fn decide(document: &Document, requests: &[Request], known: Known<'_>) -> Decided {
    let mut work = Work {
        document: document.clone(),
        known,
        events: Vec::new(),
    };
    work.take_out_the_dead();
    work.serve();
    let outcomes = requests.iter().map(|request| work.answer(request));
    let outcomes = outcomes.collect();
    // Not before: a hold whose grant the server forgot would be below what is forgotten now.
    if work.known.calm {
        work.forget_locks();
    }
    Decided {
        document: work.document,
        outcomes,
        events: work.events,
    }
}

impl Work<'_> {
    fn answer(&mut self, request: &Request) -> Outcome {
        if self.known.dead.contains(&self.known.session) {
            return Outcome::Refused(Refusal::Dead);
        }
        let outcome = match request {
            Request::Join {
                waiter,
                spec,
                assign,
                waits,
            } => return self.join(waiter, spec.as_ref(), assign.as_ref(), *waits),
            Request::Leave(token) => self.leave(*token),
            Request::Release { token, name, after } => self.release(*token, name, after),
            Request::Died(token) => self.died(*token),
            Request::Share { token, name } => {
                self.with_hold(*token, name, |hold| hold.alone = false)
            }
            Request::Change {
                token,
                name,
                was,
                record,
            } => self.change(*token, name, was, record),
            Request::Publish {
                token,
                name,
                waiting,
                body_ended,
            } => self.with_hold(*token, name, |hold| {
                hold.waiting.clone_from(waiting);
                hold.body_ended = *body_ended;
            }),
            Request::Declare(code) => {
                let known = &mut self.document.code;
                known.resource = code.resource.clone().or(known.resource.take());
                known.allocator = code.allocator.clone().or(known.allocator.take());
                Outcome::Done
            }
            Request::Note {
                key,
                was,
                value,
                holding,
            } => self.note(key, was.as_ref(), value.as_ref(), holding.as_ref()),
            Request::Keep { held, asked } => {
                self.keep(held, asked);
                Outcome::Done
            }
            Request::Again { holds, waiters } => match self.say_again(holds, waiters) {
                lost if lost.is_empty() => Outcome::Done,
                lost => Outcome::Lost(lost),
            },
            Request::Forget { force } => self.forget(*force),
            Request::Settle => Outcome::Done,
        };
        self.serve();
        outcome
    }

    fn join(
        &mut self,
        waiter: &Waiter,
        spec: Option<&Spec>,
        assign: Option<&Assign>,
        waits: bool,
    ) -> Outcome {
        let token = waiter.token;
        let known = self.outcome_of(token);
        // Its allocator may have decided now.
        let is_in_line = known == Outcome::Waiting && assign.is_some();
        if let (Outcome::Granted | Outcome::Waiting | Outcome::Failed(_), false) =
            (&known, is_in_line)
        {
            return known;
        }
        if !is_in_line {
            if let Some(refusal) = self.agree(waiter, spec) {
                return Outcome::Refused(refusal);
            }
            self.stand_in_line(waiter);
        }
        if let Some(assign) = assign {
            self.assign(token, assign);
        }
        self.serve();
        let outcome = self.outcome_of(token);
        match outcome {
            Outcome::Waiting if !waits => {
                self.document.line.retain(|known| known.token != token);
                // Its given name may have been reserved for it.
                self.serve();
                Outcome::Busy
            }
            Outcome::Failed(_) => {
                self.document.line.retain(|known| known.token != token);
                outcome
            }
            Outcome::Waiting => {
                if !is_in_line {
                    self.log_waiting(waiter);
                }
                outcome
            }
            _ => outcome,
        }
    }

    fn outcome_of(&self, token: Token) -> Outcome {
        let held = self.document.holds.iter().any(|hold| hold.token == token);
        let mut line = self.document.line.iter();
        match line.find(|waiter| waiter.token == token) {
            _ if held => Outcome::Granted,
            None => Outcome::Gone,
            Some(waiter) => match &waiter.failed {
                Some(failure) => Outcome::Failed(failure.clone()),
                None => Outcome::Waiting,
            },
        }
    }

    /// Everybody who uses the pool means the same names.
    fn agree(&mut self, waiter: &Waiter, spec: Option<&Spec>) -> Option<Refusal> {
        let is_lock = matches!(&waiter.wants, Wanted::Name(name) if is_lock(name));
        if is_lock {
            return None;
        }
        let Some(spec) = spec else {
            return Some(Refusal::NoNames);
        };
        match &self.document.spec {
            Some(theirs) if theirs.names == spec.names => None,
            Some(theirs) if self.is_used() => Some(Refusal::Names(theirs.clone())),
            _ => {
                self.document.spec = Some(spec.clone());
                None
            }
        }
    }

    fn is_used(&self) -> bool {
        let holds = &self.document.holds;
        let wants_names = |waiter: &Waiter| match &waiter.wants {
            Wanted::Count(_) | Wanted::Assigned => true,
            Wanted::Name(name) => !is_lock(name),
        };
        holds.iter().any(|hold| !is_lock(&hold.name)) || self.document.line.iter().any(wants_names)
    }

    pub(crate) fn stand_in_line(&mut self, waiter: &Waiter) {
        let is_lock = matches!(&waiter.wants, Wanted::Name(name) if is_lock(name));
        self.document.line.push(Waiter {
            session: self.known.session,
            beside: is_lock,
            failed: None,
            ..waiter.clone()
        });
    }

    fn leave(&mut self, token: Token) -> Outcome {
        let line = &mut self.document.line;
        match line.iter().position(|waiter| waiter.token == token) {
            Some(at) => {
                line.remove(at);
                Outcome::Done
            }
            None => self.outcome_of(token),
        }
    }

    fn release(&mut self, token: Token, name: &str, after: &After) -> Outcome {
        let holds = &mut self.document.holds;
        let own = |hold: &Hold| hold.token == token && hold.name == name;
        let Some(at) = holds.iter().position(own) else {
            return Outcome::Gone;
        };
        let hold = holds.remove(at);
        if !is_lock(name)
            && !after.as_it_was
            && let Some(known) = self.document.names.get_mut(name)
        {
            let is_reader = hold.access == Access::Shared;
            let reason = after.reason.as_deref();
            known
                .record
                .give_back(&hold.who, is_reader, after.state, reason);
        }
        self.log(Kind::Released, &hold, after.reason.as_deref(), None);
        if let Some(event) = self.events.last_mut() {
            event.state = Some(after.state);
        }
        Outcome::Done
    }

    fn died(&mut self, token: Token) -> Outcome {
        if self.outcome_of(token) == Outcome::Gone {
            return Outcome::Gone;
        }
        self.document.line.retain(|waiter| waiter.token != token);
        let how = |test: &str| format!("`{test}` ended while it held it");
        self.take_out(|hold| hold.token == token, how);
        Outcome::Done
    }

    fn take_out_the_dead(&mut self) {
        let dead = self.known.dead;
        self.document
            .line
            .retain(|waiter| !dead.contains(&waiter.session));
        let how = |test: &str| format!("the machine of `{test}` was not heard of any more");
        self.take_out(|hold| dead.contains(&hold.session), how);
    }

    /// Takes out holds that nobody has released, and says of their names how that came.
    fn take_out(&mut self, which: impl Fn(&Hold) -> bool, how: impl Fn(&str) -> String) {
        let holds = &mut self.document.holds;
        let out: Vec<_> = holds.extract_if(.., |hold| which(hold)).collect();
        for hold in &out {
            let how = how(&hold.who.test);
            if !is_lock(&hold.name)
                && let Some(known) = self.document.names.get_mut(&hold.name)
            {
                known.record.abandon(&hold.who, how.clone());
            }
            self.log(Kind::Died, hold, Some(&how), None);
        }
    }

    fn with_hold(&mut self, token: Token, name: &str, change: impl FnOnce(&mut Hold)) -> Outcome {
        let mut holds = self.document.holds.iter_mut();
        match holds.find(|hold| hold.token == token && hold.name == name) {
            Some(hold) => {
                change(hold);
                Outcome::Done
            }
            None => Outcome::Gone,
        }
    }

    fn change(&mut self, token: Token, name: &str, was: &Record, record: &Record) -> Outcome {
        if !self.document.of_name(name).any(|hold| hold.token == token) {
            return Outcome::Gone;
        }
        match self.document.names.get_mut(name) {
            Some(known) if known.record == *record => Outcome::Done,
            Some(known) if known.record == *was => {
                known.record = record.clone();
                Outcome::Done
            }
            _ => Outcome::Changed,
        }
    }

    fn note(
        &mut self,
        key: &str,
        was: Option<&String>,
        value: Option<&String>,
        holding: Option<&(Token, String)>,
    ) -> Outcome {
        let holds = |(token, lock): &(Token, String)| {
            self.document.of_name(lock).any(|hold| hold.token == *token)
        };
        if !holding.is_none_or(holds) {
            return Outcome::Gone;
        }
        let notes = &mut self.document.notes;
        let known = notes.get(key);
        if known == value {
            return Outcome::Done;
        }
        if known != was {
            return Outcome::Changed;
        }
        match value {
            Some(value) => notes.insert(key.to_owned(), value.clone()),
            None => notes.remove(key),
        };
        Outcome::Done
    }

    fn forget(&mut self, force: bool) -> Outcome {
        let awaited = self.document.line.iter().any(Waiter::is_in_queue);
        let names = self.document.names.keys().filter(|name| !is_lock(name));
        let is_lent = |name: &&String| self.document.of_name(name).next().is_some();
        let (lent, free): (Vec<_>, Vec<_>) = names.partition(is_lent);
        let lent: Vec<String> = lent.into_iter().cloned().collect();
        let mut free: Vec<String> = free.into_iter().cloned().collect();
        if awaited || !(lent.is_empty() || force) {
            free.clear();
        } else {
            for name in &free {
                if let Some(known) = self.document.names.get_mut(name) {
                    // The fences stay: those of earlier leases must not come back.
                    known.record = Record::default();
                }
            }
            // Nobody is left whose names somebody without the code could be lent.
            let is_of_run = |hold: &Hold| {
                ["#alive ", "#reaper "]
                    .iter()
                    .any(|lock| hold.name.starts_with(lock))
            };
            if lent.is_empty() && !self.document.holds.iter().any(is_of_run) {
                self.document.code = Default::default();
            }
        }
        Outcome::Forgotten {
            names: free,
            lent,
            awaited,
        }
    }

    /// Locks of runs that nobody holds or waits for: there are new ones with every run. And
    /// names that an allocator has made, but for the latest: it may make others for ever.
    fn forget_locks(&mut self) {
        let made = self.document.made_before();
        let Document {
            names,
            holds,
            line,
            locks,
            ..
        } = &mut self.document;
        let is_used = |name: &str| {
            holds.iter().any(|hold| hold.name == name)
                || line
                    .iter()
                    .any(|waiter| waiter.wants == Wanted::Name(name.to_owned()))
        };
        names.retain(|name, known: &mut Name| {
            let stays = is_used(name) || !is_lock(name) && !made.contains(name);
            if !stays {
                *locks = known.fence.max(*locks);
            }
            stays
        });
    }
}
