//! Takes what the pool's allocator decides. This process asks it, by what the agent tells of
//! the pool. The server takes a decision together with its lease, and not at all if anything
//! has changed since the allocator was asked: so nothing is locked while user code runs, two
//! machines never decide on the same state, and one that dies leaves nothing half made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backend::ask::Ask;
use crate::backend::decisions::{ASK_AGAIN, Asker, Decided, Decisions};
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::base::error::{Error, Result};
use crate::base::json;
use crate::remote::link::{FIRST_ANSWER, Link, Where};
use crate::remote::look;
use crate::remote::notes::{self, Written};
use crate::remote::request::{ANSWER, Request, Wish, join, scene, unanswered};
use crate::remote::token::Token;
use crate::remote::wire::{Answer, Assign, Decision, Pair, Scene, Wanted};
use crate::terms::code::Code;
use crate::terms::decision::{Assigned, Decide};
use crate::terms::record::Record;

/// The decisions in force, as the register knows them.
const DECISIONS: &str = "decisions";

/// For how long a name may be held by who does not ask the allocator: a clean-up, perhaps.
const A_LOOK: Duration = Duration::from_secs(1);

/// So often a request that does not wait asks again because another one was quicker.
const TRIES: usize = 20;

/// Decisions in force, that are never the same again.
struct Stamped {
    stamp: Token,
    decisions: Decisions,
}

json::object!(Stamped { stamp, decisions });

/// What an allocator has decided, and the server has not taken yet.
pub(crate) struct Proposed {
    pub(crate) decision: Decision,
    pub(crate) assigned: Assigned,
}

/// A request that the pool's allocator decides on.
pub(crate) struct Desk<'a> {
    pub(crate) link: &'a Arc<Link>,
    pub(crate) at: &'a Where,
    pub(crate) ask: &'a Ask<'a>,
    pub(crate) allocator: &'a dyn Decide,
    pub(crate) code: &'a Code,
    /// The request, without what the allocator has to do with it.
    pub(crate) wish: Wish<'a>,
    /// What was asked by each request that waits.
    pub(crate) waiting: &'a Mutex<BTreeMap<String, u64>>,
}

/// What a request was told, with what its allocator had decided.
pub(crate) type Told = (Answer, Option<Proposed>);

impl Desk<'_> {
    /// Takes what the allocator grants, waiting in the line while it is busy.
    pub(crate) fn take(self, patience: &mut dyn Patience) -> Result<Told> {
        // What is free can be had, however short the patience is.
        let first = Instant::now() + FIRST_ANSWER;
        let until = patience.until().max(first);
        let seen = scene(self.link, self.at, until)?;
        if let Some(seen) = seen
            && let Decided::Granted(proposed) = self.decide(&seen, None)?
        {
            let asked = self.join(Some(&proposed), false)?;
            match asked.wait(Some(patience), |_, _, _| {})? {
                // Somebody was quicker.
                Answer::Busy => {}
                answer => return Ok((answer, Some(proposed))),
            }
        }
        patience.blocked();
        let request = self.join(None, true)?;
        let told = self.wait(request, patience, first);
        self.waiting().remove(self.wish.request);
        told
    }

    /// Asks the allocator whenever it may decide otherwise, until the server takes it. The
    /// first answer may take until `first`.
    fn wait(
        &self,
        mut request: Request<'_>,
        patience: &mut dyn Patience,
        first: Instant,
    ) -> Result<Told> {
        let mut seen: Option<Scene> = None;
        let mut proposed: Option<Proposed> = None;
        let mut outside = None;
        let mut ask_at = Instant::now();
        loop {
            let id = request.question.id;
            self.waiting().insert(self.wish.request.to_owned(), id);
            let mut until = match &seen {
                Some(_) => patience.until(),
                None => patience.until().max(first),
            };
            if let (Some(seen), None) = (&seen, &proposed) {
                if Instant::now() >= ask_at {
                    ask_at = Instant::now() + ASK_AGAIN;
                    let own = Some(request.token.token);
                    match self.decide(seen, own)? {
                        Decided::Granted(new) if is_held(seen, &new.assigned.name) => {
                            let since = outside.get_or_insert_with(Instant::now);
                            if since.elapsed() >= A_LOOK {
                                return Err(Decisions::held_outside(self.ask, &new.assigned));
                            }
                        }
                        Decided::Granted(new) => {
                            request.again(self.wish(Some(&new)), self.ask.holder)?;
                            proposed = Some(new);
                            continue;
                        }
                        Decided::Busy => {
                            outside = None;
                            self.tell_of_ended(seen)?;
                        }
                        Decided::Later => outside = None,
                    }
                }
                until = until.min(ask_at);
            }
            match request.next(until)? {
                None => patience.tick()?,
                Some(Answer::Waiting(_)) => {}
                Some(Answer::Scene(new)) => {
                    seen = Some(new);
                    ask_at = Instant::now();
                }
                // What it was decided on is not so any more.
                Some(Answer::Busy) => proposed = None,
                Some(answer) => return Ok((answer, proposed)),
            }
            // However often it is told something.
            if seen.is_some() && Instant::now() >= patience.until() {
                patience.tick()?;
            }
        }
    }

    /// Takes what the allocator grants, if it does now.
    pub(crate) fn try_take(self) -> Result<Told> {
        for _ in 0..TRIES {
            let seen = self.scene()?;
            let Decided::Granted(proposed) = self.decide(&seen, None)? else {
                break;
            };
            let asked = self.join(Some(&proposed), false)?;
            match asked.wait(None, |_, _, _| {})? {
                Answer::Busy => {}
                answer => return Ok((answer, Some(proposed))),
            }
        }
        Ok((Answer::Busy, None))
    }

    /// Tells the allocator of every holder that has ended.
    pub(crate) fn take_back(self) -> Result<()> {
        loop {
            let seen = self.scene()?;
            let decisions = self.decisions(&seen)?;
            let left = self.without_ended(decisions.clone(), &seen)?;
            if left.names.len() == decisions.names.len() {
                return Ok(());
            }
            let (was, value) = (seen.decisions.as_deref(), stamped(left));
            let written = notes::write(self.link, self.at, DECISIONS, was, Some(&value), None)?;
            if matches!(written, Written::Done) {
                return Ok(());
            }
        }
    }

    /// As [`Desk::take_back`], for one that goes on waiting whatever comes of it: the allocator
    /// is not to be told again and again.
    fn tell_of_ended(&self, seen: &Scene) -> Result<()> {
        let decisions = self.decisions(seen)?;
        if decisions.names.iter().all(|name| is_held(seen, name)) {
            return Ok(());
        }
        let left = stamped(self.without_ended(decisions, seen)?);
        let was = seen.decisions.as_deref();
        let change = notes::change_of(DECISIONS, was, Some(&left), None);
        self.link.ask(self.at, change, None, None).map(drop)
    }

    fn scene(&self) -> Result<Scene> {
        let seen = scene(self.link, self.at, Instant::now() + ANSWER)?;
        seen.ok_or_else(|| unanswered(self.link, ANSWER))
    }

    /// Asks the allocator, for a waiter with this token or one that is not in the line.
    fn decide(&self, seen: &Scene, own: Option<Token>) -> Result<Decided<Proposed>> {
        self.refuse_beside_others(seen)?;
        let decisions = self.decisions(seen)?;
        let is_known = |name: &String| decisions.names.contains(name);
        let mut assigned = seen.holds.iter().filter(|held| held.by.is_some());
        // The server has forgotten the decision for it.
        if !assigned.all(|held| is_known(&held.name)) {
            return Ok(Decided::Busy);
        }
        let mut decisions = self.without_ended(decisions, seen)?;
        let out = decisions.names.clone();
        let own = own.map(|own| own.to_string());
        let own = own.unwrap_or_default();
        let line = seen.line.iter().map(|Pair(token, who)| Asker {
            request: token.to_string(),
            holder: who.clone(),
        });
        let line = || Ok(line.collect());
        let assigned = match decisions.decide_in_line(self.ask, self.allocator, &own, line)? {
            Decided::Granted(assigned) => assigned,
            Decided::Busy => return Ok(Decided::Busy),
            Decided::Later => return Ok(Decided::Later),
        };
        let before = seen.line.iter().map(|Pair(token, _)| *token);
        let passed = before.take_while(|token| token.to_string() != own);
        Ok(Decided::Granted(Proposed {
            decision: Decision {
                name: assigned.name.clone(),
                was: seen.decisions.clone(),
                decisions: stamped(decisions),
                out,
                passed: passed.collect(),
            },
            assigned,
        }))
    }

    /// Nobody decides beside leases of a program that does not ask the allocator.
    fn refuse_beside_others(&self, seen: &Scene) -> Result<()> {
        let mut outside = seen.holds.iter().filter(|held| held.by.is_none());
        match (&seen.allocator, outside.next()) {
            (None, Some(held)) => {
                let host = self.link.welcome()?.host;
                let record = Record {
                    holders: vec![look::tenure(held, &host)],
                    ..Record::new()
                };
                let (pool, name) = (self.ask.pool, &held.name);
                Err(missing_code::held_without(
                    pool,
                    name,
                    Some(&record),
                    self.code,
                ))
            }
            _ => Ok(()),
        }
    }

    fn decisions(&self, seen: &Scene) -> Result<Decisions> {
        let Some(text) = &seen.decisions else {
            return Ok(Decisions::none());
        };
        // Guessing what was decided could hand out one thing twice.
        let read = json::from_slice::<Stamped>(text.as_bytes());
        read.map(|read| read.decisions).ok_or_else(|| {
            Error::config(format!(
                "what the allocator of pool `{}` has decided is unreadable on the server; while no tests run, remove `decisions` from the `notes` in the pool's `doc` in `name_manager.pool`: it is then forgotten",
                self.ask.pool
            ))
        })
    }

    fn without_ended(&self, mut decisions: Decisions, seen: &Scene) -> Result<Decisions> {
        let names = decisions.names.iter().cloned();
        let ended: Vec<_> = names.filter(|name| !is_held(seen, name)).collect();
        if !ended.is_empty() {
            decisions.take_back(self.ask, self.allocator, &ended)?;
        }
        Ok(decisions)
    }

    fn join(&self, proposed: Option<&Proposed>, waits: bool) -> Result<Request<'_>> {
        let (wish, holder) = (self.wish(proposed), self.ask.holder);
        join(self.link, self.at, wish, holder, waits)
    }

    fn wish(&self, proposed: Option<&Proposed>) -> Wish<'_> {
        Wish {
            wants: Wanted::Assigned,
            assign: Some(Assign {
                allocator: self.code.clone(),
                decision: proposed.map(|proposed| proposed.decision.clone()),
            }),
            ..self.wish.clone()
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_held(seen: &Scene, name: &str) -> bool {
    seen.holds.iter().any(|held| held.name == name)
}

fn stamped(decisions: Decisions) -> String {
    let stamp = Token::draw();
    json::to_string(&Stamped { stamp, decisions })
}
