//! What is to be changed at the server, and what came of it.

use std::collections::BTreeSet;
use std::time::Duration;

use nm_postgres::{Page, Swap};
use nm_register::{
    Access, Document, Event, Hold, Known, Outcome, Refusal, Request, Seen, Session, Tag, Token,
    Waiter, Wanted, decide,
};

use super::heed::{Own, own};
use super::state::{Asked, Change, Doubt, Now, Pool};
use crate::fault::fault;
use crate::wire::{Answer, FaultKind, Join};

/// What a request of a statement came from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// All that is held, said again, with so many that were presented.
    Again(usize),
    Change(u64),
    Join(Token),
    Nothing,
}

/// A change of a pool, with all that is to be done at once.
#[derive(Debug)]
pub(crate) struct Statement {
    session: Session,
    page: Page,
    tag: Tag,
    document: Document,
    events: Vec<Event>,
    /// How many of these are to be written with the next change if this one is not made.
    logged: usize,
    outcomes: Vec<(From, Outcome)>,
    /// Sessions of others that have something to read then.
    told: Vec<Session>,
    says_again: bool,
    /// It would change nothing of what was just read.
    pub(crate) is_void: bool,
}

/// The sessions that are known to be dead.
pub(super) fn dead(page: &Page) -> BTreeSet<Session> {
    let sessions = page.look.sessions.iter();
    let dead = sessions.filter(|(_, seen)| **seen == Seen::Dead);
    dead.map(|(session, _)| *session).collect()
}

impl Statement {
    /// For the server.
    pub(crate) fn swap<'a>(&'a self, key: &'a (String, String)) -> Swap<'a> {
        Swap {
            space: &key.0,
            pool: &key.1,
            page: &self.page,
            session: self.session,
            tag: self.tag,
            document: &self.document,
            events: &self.events,
            told: &self.told,
        }
    }
}

impl Pool {
    /// The change to make of what is known; `None` if there is none. With it goes what is
    /// known: what came of it must be said by one of [`Pool::done`], [`Pool::overtaken`] and
    /// [`Pool::unknown`].
    pub(crate) fn statement(&mut self, now: &Now, tag: Tag) -> Option<Statement> {
        let page = self.page.take()?;
        let start = page.look.start;
        let dead = dead(&page);
        let is_calm = page.look.server.is_calm(start);
        let says_again = self.said != Some(start);
        let mut requests = Vec::new();
        let again = self.again(&page, &dead, now);
        let presented = self.presented.len();
        let is_empty = matches!(&again, Request::Again { holds, waiters } if holds.is_empty() && waiters.is_empty());
        let has_entries = page.document.sessions().contains(&now.session);
        if !is_empty || presented > 0 || says_again && (has_entries || self.unsettled.is_some()) {
            requests.push((From::Again(presented), again));
        } else if says_again {
            // There is nothing to say.
            self.said = Some(start);
        }
        requests.extend(self.keep(&page.document, now));
        for change in &self.changes {
            requests.push((From::Change(change.number), change.request.clone()));
        }
        for asked in &mut self.asked {
            let token = asked.join.token;
            // Nobody has it as far as is known: one that the server forgot is said again.
            if !is_calm && asked.join.tries_lock() && !is_kept(&page.document, &asked.join, &dead) {
                continue;
            }
            let standing = own(&page.document, token, now.session);
            let request = match standing {
                Own::Unknown if asked.given_up => continue,
                // Those of a session that is dead are taken out before anything is done.
                Own::Foreign if !asked.given_up && !is_of(&page.document, token, &dead) => continue,
                Own::Foreign | Own::Unknown if !asked.given_up => {
                    self::join(asked, now, &self.host)
                }
                Own::Waits { .. } if !asked.given_up && asked.has_decided() => {
                    self::join(asked, now, &self.host)
                }
                Own::Waits { .. } | Own::Failed(_) | Own::Foreign if asked.given_up => {
                    Request::Leave(token)
                }
                _ => continue,
            };
            requests.push((From::Join(token), request));
        }
        if self.unsettled.is_some() {
            requests.push((From::Nothing, Request::Settle));
        }
        let (from, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let known = Known {
            pool: &self.key.1,
            session: now.session,
            calm: is_calm,
            epoch: page.look.server.epoch,
            dead: &dead,
            now: now.wall,
        };
        let decided = decide(&page.document, &requests, known);
        let is_same = decided.document == page.document;
        if requests.is_empty() && is_same {
            self.page = Some(page);
            return None;
        }
        for asked in &mut self.asked {
            asked.tried = true;
        }
        // Also if what an allocator has decided was not taken.
        let harmless =
            |outcome: &Outcome| matches!(outcome, Outcome::Busy | Outcome::Waiting | Outcome::Done);
        let is_void = self.fresh
            && is_same
            && !says_again
            && self.unsettled.is_none()
            && decided.events.is_empty()
            && decided.outcomes.iter().all(harmless);
        self.fresh = false;
        let mut events = decided.events;
        let mut logged = 0;
        if !is_void {
            logged = self.events.len();
            events.append(&mut self.events);
        }
        let mut told = decided.document.served_since(&page.document);
        told.retain(|session| *session != now.session && page.hear.contains(session));
        Some(Statement {
            session: now.session,
            told: told.into_iter().collect(),
            page,
            tag,
            document: decided.document,
            events,
            logged,
            outcomes: from.into_iter().zip(decided.outcomes).collect(),
            says_again,
            is_void,
        })
    }

    /// All that is held; and what an earlier session of this machine has left in the document.
    fn again(&self, page: &Page, dead: &BTreeSet<Session>, now: &Now) -> Request {
        let says_again = self.said != Some(page.look.start);
        let known = self.known.iter().map(|held| &held.grant.hold);
        let known = known.filter(|_| says_again);
        let presented = self.presented.iter().flat_map(|it| &it.holds);
        let document = &page.document;
        let is_left = |token: Token, session: Session| {
            let is_asked = self.asked.iter().any(|it| it.join.token == token);
            is_asked && session != now.session && !dead.contains(&session)
        };
        let granted = document.holds.iter();
        let granted = granted.filter(|hold| is_left(hold.token, hold.session));
        let line = document.line.iter();
        let line = line.filter(|waiter| is_left(waiter.token, waiter.session));
        // What is about to end, too, if the server has forgotten that it began: else the next
        // holder is not told how.
        let ended = self.changes.iter().flat_map(|change| &change.ended);
        let is_forgotten = |hold: &&Hold| {
            let known = document.names.get(&hold.name);
            known.is_none_or(|known| known.fence < hold.fence)
        };
        let may_be = says_again && !page.look.server.is_calm(page.look.start);
        let ended = ended.filter(|hold| may_be && is_forgotten(hold));
        let holds = known.chain(presented).chain(granted).chain(ended);
        let mut holds: Vec<Hold> = holds.cloned().collect();
        let mut seen = BTreeSet::new();
        holds.retain(|hold| seen.insert((hold.token, hold.name.clone())));
        Request::Again {
            holds,
            waiters: line.cloned().collect(),
        }
    }

    /// What is not over, if the document has anything else of this session.
    fn keep(&self, document: &Document, now: &Now) -> Option<(From, Request)> {
        let is_own = |session: Session| session == now.session;
        let is_there = document.holds.iter().any(|hold| is_own(hold.session))
            || document.line.iter().any(|waiter| is_own(waiter.session));
        if !is_there {
            return None;
        }
        let known = self.known.iter().map(|held| &held.grant.hold);
        let presented = self.presented.iter().flat_map(|it| &it.holds);
        let held = known.chain(presented);
        let held = held.map(|hold| (hold.token, hold.name.clone()));
        let released = self
            .changes
            .iter()
            .filter_map(|change| match &change.request {
                Request::Release { token, name, .. } => Some((*token, name.clone())),
                _ => None,
            });
        let held: BTreeSet<(Token, String)> = held.chain(released).collect();
        let died = self
            .changes
            .iter()
            .filter_map(|change| match &change.request {
                Request::Died(token) => Some(*token),
                _ => None,
            });
        let asked = self.asked.iter().map(|asked| asked.join.token);
        let asked: BTreeSet<Token> = asked.chain(died).collect();
        let is_over = |hold: &&Hold| {
            let is_known = held.contains(&(hold.token, hold.name.clone()));
            hold.session == now.session && !is_known && !asked.contains(&hold.token)
        };
        let is_left =
            |waiter: &&Waiter| waiter.session == now.session && !asked.contains(&waiter.token);
        let is_over = document.holds.iter().any(|hold| is_over(&hold));
        let is_left = document.line.iter().any(|waiter| is_left(&waiter));
        (is_over || is_left).then(|| {
            let request = Request::Keep {
                held: held.into_iter().collect(),
                asked: asked.into_iter().collect(),
            };
            (From::Nothing, request)
        })
    }

    /// The change was made, or there was none to make.
    pub(crate) fn done(&mut self, statement: Statement, now: &Now) {
        let start = statement.page.look.start;
        let Statement {
            page,
            tag,
            document,
            outcomes,
            is_void,
            says_again,
            ..
        } = statement;
        if !is_void {
            self.unsettled = None;
            self.overtaken = 0;
        }
        for (from, outcome) in outcomes {
            match (from, outcome) {
                (From::Again(count), outcome) => {
                    let lost = match outcome {
                        Outcome::Lost(lost) => lost,
                        _ => Vec::new(),
                    };
                    // What waits on joins anew.
                    self.dirty |= !lost.is_empty();
                    self.presented(count, &document, &lost);
                    self.lost_again(lost);
                }
                (From::Change(number), outcome) => {
                    let at = self.changes.iter().position(|it| it.number == number);
                    if let Some(at) = at {
                        let change = self.changes.remove(at);
                        self.settled.extend(change.ends());
                        self.changed(change, outcome, &page.document, &document);
                    }
                }
                (From::Join(token), outcome) => self.joined(token, outcome, now),
                (From::Nothing, _) => {}
            }
        }
        if says_again {
            self.said = Some(start);
        }
        self.learn(&document, start, now);
        self.page = Some(Page {
            tag: if is_void { page.tag } else { Some(tag) },
            document,
            hear: page.hear,
            look: page.look,
        });
    }

    /// Says what came of a change; or, of a release of what is not held, that this is to be
    /// looked for.
    fn changed(&mut self, change: Change, outcome: Outcome, before: &Document, after: &Document) {
        if let (Request::Release { name, .. }, Outcome::Gone) = (&change.request, &outcome)
            && let (Some(to), Some(fence), false) = (change.to, change.fence, change.tried)
        {
            let name = name.clone();
            return self.doubts.push(Doubt { to, name, fence });
        }
        let answer = answer(&change, outcome, before, after);
        self.answer(change.to, answer);
    }

    fn joined(&mut self, token: Token, outcome: Outcome, now: &Now) {
        let answer = match outcome {
            Outcome::Busy => Answer::Busy,
            Outcome::Failed(failure) => Answer::Failed(failure),
            Outcome::Refused(Refusal::Names(spec)) => Answer::Disagrees(spec),
            Outcome::Refused(Refusal::NoNames) => Answer::Fault(fault(
                FaultKind::Config,
                format!("nobody has said which names pool `{}` has", self.key.1),
            )),
            Outcome::Waiting => return self.decided_too_late(token),
            // It was told what came of it, or is to be.
            _ => return,
        };
        let Some(at) = self.asked.iter().position(|it| it.join.token == token) else {
            return;
        };
        self.look_on(now.time);
        // One that stands in the line with its failure is to be taken out of it.
        let asked = &mut self.asked[at];
        let to = asked.to.take().or(asked.leave.take());
        if asked.join.waits && matches!(answer, Answer::Failed(_)) {
            asked.given_up = true;
            self.dirty = true;
        } else {
            self.asked.remove(at);
        }
        self.answer(to, answer);
    }

    /// What a request's allocator had decided, if it had, was not taken.
    fn decided_too_late(&mut self, token: Token) {
        let mut asked = self.asked.iter_mut();
        let Some(asked) = asked.find(|it| it.join.token == token) else {
            return;
        };
        let assign = asked.join.assign.as_mut();
        if assign.and_then(|assign| assign.decision.take()).is_some() {
            let to = asked.to;
            self.answer(to, Answer::Busy);
        }
    }

    /// Others have changed the pool before.
    pub(crate) fn overtaken(&mut self, statement: Statement, time: Duration) {
        self.dirty = true;
        self.overtaken += 1;
        self.overtaken_at = Some(time);
        let page = self.log_later(statement);
        self.before = Some(page);
    }

    /// The change may be made, or may have been.
    pub(crate) fn unknown(&mut self, statement: Statement) {
        self.dirty = true;
        self.unsettled = Some(statement.page.tag);
        for (from, _) in &statement.outcomes {
            if let From::Change(number) = from
                && let Some(change) = self.changes.iter_mut().find(|it| it.number == *number)
            {
                change.tried = true;
            }
        }
        // Rather lost than told twice: its events, too, may be there.
    }

    fn log_later(&mut self, mut statement: Statement) -> Page {
        let at = statement.events.len() - statement.logged;
        let mut events = statement.events.split_off(at);
        events.append(&mut self.events);
        self.events = events;
        statement.page
    }
}

fn join(asked: &Asked, now: &Now, host: &str) -> Request {
    Request::Join {
        waiter: Box::new(asked.join.waiter(now.session, host)),
        spec: asked.join.spec.clone(),
        assign: asked.join.assign.clone(),
        waits: asked.join.waits,
    }
}

/// Whether a token's entries are of one of these sessions.
fn is_of(document: &Document, token: Token, sessions: &BTreeSet<Session>) -> bool {
    let holds = document.holds.iter().map(|it| (it.token, it.session));
    let mut all = holds.chain(document.line.iter().map(|it| (it.token, it.session)));
    all.any(|(of, session)| of == token && sessions.contains(&session))
}

/// Whether somebody who lives keeps a request from the lock that it wants.
fn is_kept(document: &Document, join: &Join, dead: &BTreeSet<Session>) -> bool {
    let Wanted::Name(name) = &join.wants else {
        return false;
    };
    let mut holds = document.of_name(name);
    holds.any(|hold| {
        let excludes = [hold.access, join.access].contains(&Access::Exclusive);
        excludes && !dead.contains(&hold.session)
    })
}

/// What a process is told of its change.
fn answer(change: &Change, outcome: Outcome, before: &Document, after: &Document) -> Answer {
    match (&change.request, outcome) {
        (Request::Declare(_), Outcome::Done) => Answer::Code(before.code.clone()),
        // It was done when it was asked first.
        (Request::Release { .. }, Outcome::Gone) if change.tried => Answer::Done,
        (Request::Change { name, .. }, Outcome::Changed) => {
            let known = after.names.get(name);
            let record = known.map(|known| known.record.clone()).unwrap_or_default();
            Answer::Changed(Box::new(record))
        }
        (Request::Note { key, .. }, Outcome::Changed) => {
            Answer::Note(after.notes.get(key).cloned())
        }
        (
            _,
            Outcome::Forgotten {
                names,
                lent,
                awaited,
            },
        ) => Answer::Forgotten {
            names,
            lent,
            awaited,
        },
        (_, Outcome::Done) => Answer::Done,
        // Of a machine that was declared dead, too.
        _ => Answer::Gone,
    }
}
