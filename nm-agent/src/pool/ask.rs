//! What a process asks, put down for the next statement.

use std::time::Duration;

use nm_register::{Event, Hold, Request, Token};

use super::state::{Asked, Change, Client, Held, Pool, Presented, Read, To};
use crate::locks::Left;
use crate::wire::{Answer, Ask, Fault, Join, Released};

impl Pool {
    /// Takes in what is asked. `away`: the server is not to be heard at the moment.
    pub(crate) fn ask(&mut self, to: To, ask: Ask, away: bool) {
        let some = Some(to);
        // Every request that waits asks this.
        if let (Ask::Code, Some(code)) = (&ask, self.code_for(to.client)) {
            let code = code.clone();
            return self.answer(some, Answer::Code(code));
        }
        self.dirty = true;
        match ask {
            Ask::Join(join) => self.join(to, *join),
            Ask::Leave(token) => self.leave(to, token, away),
            Ask::Release {
                token,
                name,
                fence,
                after,
                durable,
            } => {
                // An earlier agent may have known it.
                let ended = self.let_go(token, Some(&name));
                if ended.is_empty() && fence.is_none() {
                    self.settled.push(token);
                    return self.answer(some, Answer::Gone);
                }
                if !durable {
                    self.answer(some, Answer::Done);
                }
                let request = Request::Release { token, name, after };
                self.end(request, some.filter(|_| durable), fence, ended);
            }
            Ask::Share { token, name } => {
                if let Some(hold) = self.own(token, &name) {
                    hold.alone = false;
                }
                self.change(Request::Share { token, name }, some);
            }
            Ask::Change {
                token,
                name,
                was,
                record,
            } => {
                let request = Request::Change {
                    token,
                    name,
                    was,
                    record,
                };
                self.change(request, some);
            }
            Ask::Publish {
                token,
                name,
                waiting,
                body_ended,
            } => {
                self.answer(some, Answer::Done);
                if let Some(hold) = self.own(token, &name) {
                    hold.waiting.clone_from(&waiting);
                    hold.body_ended = body_ended;
                }
                let is_earlier = |change: &Change| match &change.request {
                    Request::Publish {
                        token: t, name: n, ..
                    } => *t == token && *n == name,
                    _ => false,
                };
                // Only the last counts.
                self.changes.retain(|change| !is_earlier(change));
                let request = Request::Publish {
                    token,
                    name,
                    waiting,
                    body_ended,
                };
                self.change(request, None);
            }
            Ask::Declare(code) => self.change(Request::Declare(code), some),
            Ask::Note {
                key,
                was,
                value,
                holding,
            } => {
                let request = Request::Note {
                    key,
                    was,
                    value,
                    holding,
                };
                self.change(request, some);
            }
            Ask::Forget { force } => self.change(Request::Forget { force }, some),
            Ask::Code => self.reads.push((to, Read::Code)),
            Ask::Scene => self.reads.push((to, Read::Scene)),
            Ask::Noted(key) => self.reads.push((to, Read::Noted(key))),
            Ask::Run(run) => self.reads.push((to, Read::Run(run))),
            Ask::Look => self.reads.push((to, Read::Look)),
            Ask::Brief => self.reads.push((to, Read::Brief)),
            Ask::Log(events) => {
                self.answer(some, Answer::Done);
                self.events.extend(events);
            }
            Ask::Present { holds, waits, .. } => self.present(to, holds, waits),
            // Of the journal alone: see `Agent::ask`.
            Ask::Events(_) | Ask::LastEvents(_) => {}
        }
    }

    pub(super) fn change(&mut self, request: Request, to: Option<To>) {
        self.end(request, to, None, Vec::new());
    }

    /// As [`Pool::change`], of what ends leases: of a release with the fence, if it is known.
    fn end(&mut self, request: Request, to: Option<To>, fence: Option<u64>, ended: Vec<Hold>) {
        self.numbers += 1;
        self.changes.push(Change {
            number: self.numbers,
            request,
            to,
            tried: false,
            fence,
            ended,
        });
    }

    fn join(&mut self, to: To, join: Join) {
        // Asked twice, it is one request: said again with what its allocator has decided.
        let mut asked = self.asked.iter_mut();
        if let Some(asked) = asked.find(|asked| asked.join.token == join.token) {
            asked.join = join;
            asked.to = Some(to);
            let place = asked.place.clone();
            self.answers
                .extend(place.map(|place| (to, Answer::Waiting(place))));
            return;
        }
        self.asked.push(Asked {
            join,
            to: Some(to),
            place: None,
            told_at: Duration::ZERO,
            scene: None,
            given_up: false,
            leave: None,
            tried: false,
        });
    }

    fn leave(&mut self, to: To, token: Token, away: bool) {
        if let Some(at) = self.asked.iter().position(|it| it.join.token == token) {
            let asked = &mut self.asked[at];
            asked.given_up = true;
            asked.to = None;
            if asked.tried && !away {
                asked.leave = Some(to);
                return;
            }
            if !asked.tried {
                self.asked.remove(at);
            }
            return self.answer(Some(to), Answer::Done);
        }
        let granted = self.known.iter().map(|held| &held.grant);
        let granted: Vec<_> = granted
            .filter(|grant| grant.hold.token == token)
            .cloned()
            .collect();
        if !granted.is_empty() {
            return self.answer(Some(to), Answer::Granted(granted));
        }
        self.answer(Some(to), Answer::Done);
        // An earlier agent may have put it into the line, or have been granted it.
        let ended = self.let_go(token, None);
        self.end(Request::Died(token), None, None, ended);
    }

    /// What is about to end with a token, that name or all of it, is held no more: what was.
    fn let_go(&mut self, token: Token, name: Option<&str>) -> Vec<Hold> {
        let is_it = |hold: &Hold| hold.token == token && name.is_none_or(|name| hold.name == name);
        let known = self.known.extract_if(.., |held| is_it(&held.grant.hold));
        let mut ended: Vec<Hold> = known.map(|held| held.grant.hold).collect();
        for presented in &mut self.presented {
            ended.extend(presented.holds.extract_if(.., |hold| is_it(hold)));
        }
        ended
    }

    fn own(&mut self, token: Token, name: &str) -> Option<&mut Hold> {
        let holds = self.known.iter_mut().map(|held| &mut held.grant.hold);
        let presented = self.presented.iter_mut().flat_map(|it| &mut it.holds);
        let mut all = holds.chain(presented);
        all.find(|hold| hold.token == token && hold.name == name)
    }

    fn present(&mut self, to: To, mut holds: Vec<Hold>, waits: Vec<(u64, Join)>) {
        // What is known: the process had merely lost its connection, or its file said that it
        // lives.
        holds.retain(|hold| {
            let own = self.known.iter_mut().find(|held| {
                let known = &held.grant.hold;
                known.token == hold.token && known.name == hold.name
            });
            let is_new = own.is_none();
            if let Some(held) = own {
                held.client = Some(to.client);
            }
            is_new
        });
        for (id, join) in waits {
            let to = To {
                client: to.client,
                id,
            };
            let token = join.token;
            self.join(to, join);
            let mut asked = self.asked.iter_mut();
            if let Some(asked) = asked.find(|asked| asked.join.token == token) {
                // It may have come of another connection, or agent, that it was not told.
                asked.scene = None;
                asked.tried = true;
            }
        }
        let to = Some(to);
        self.presented.push(Presented { to, holds });
    }

    /// Takes over what an earlier agent of this machine left, and says whose it is: of processes
    /// that live, whether they come or not, and of those that are gone. What they had given back
    /// is released.
    pub(crate) fn adopt(&mut self, left: &Left, time: Duration) -> Vec<Token> {
        let Some(page) = &self.page else {
            return Vec::new();
        };
        let document = &page.document;
        let mut kept = Vec::new();
        let mut released = Vec::new();
        for hold in &document.holds {
            let lease = (hold.token, hold.name.clone());
            match left.released.get(&lease) {
                Some(after) => released.push((lease, after.clone())),
                None => kept.push(hold.clone()),
            }
        }
        let line = document.line.iter().map(|waiter| waiter.token);
        let entries = kept.iter().map(|hold| hold.token).chain(line);
        let gone: Vec<_> = entries.filter(|token| left.gone.contains(token)).collect();
        kept.retain(|hold| left.held.contains(&hold.token));
        for ((token, name), after) in released {
            self.change(Request::Release { token, name, after }, None);
            self.dirty = true;
        }
        for token in gone {
            self.died(token, &[], time);
        }
        let tokens = kept.iter().map(|hold| hold.token).collect();
        if !kept.is_empty() {
            self.dirty = true;
            self.presented.push(Presented {
                to: None,
                holds: kept,
            });
        }
        tokens
    }

    /// A process ended, and left what it had with this token, but for what it had given back.
    pub(crate) fn died(&mut self, token: Token, released: &[Released], time: Duration) {
        self.dirty = true;
        let waited = self.asked.iter().any(|asked| asked.join.token == token);
        if waited {
            self.look_on(time);
        }
        for Released { name, after } in released {
            let ended = self.let_go(token, Some(name));
            if !ended.is_empty() {
                let (name, after) = (name.clone(), after.clone());
                self.end(Request::Release { token, name, after }, None, None, ended);
            }
        }
        self.asked.retain(|asked| asked.join.token != token);
        let ended = self.let_go(token, None);
        let is_death = |change: &Change| matches!(change.request, Request::Died(_));
        let first = self.changes.iter().position(is_death);
        self.end(Request::Died(token), None, None, ended);
        // What a process waited for goes before what it held, or the one would be granted the
        // other.
        if let (true, Some(first)) = (waited, first) {
            self.changes[first..].rotate_right(1);
        }
    }

    /// What is to be written to the journal, if no change carries it.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Nothing of this pool can be done. Whoever asks is told why; those who have their place in
    /// the line, only if that does not pass by itself.
    pub(crate) fn fail(&mut self, fault: &Fault, may_pass: bool) {
        let mut told = Vec::new();
        self.asked.retain_mut(|asked| {
            if may_pass && asked.place.is_some() && !asked.given_up {
                return true;
            }
            told.extend(asked.to.take());
            told.extend(asked.leave.take());
            asked.given_up = true;
            asked.tried
        });
        self.changes.retain_mut(|change| {
            told.extend(change.to.take());
            // What is over is not forgotten.
            matches!(change.request, Request::Release { .. } | Request::Died(_))
        });
        told.extend(self.reads.drain(..).map(|(to, _)| to));
        self.events.clear();
        for to in told {
            self.answer(Some(to), Answer::Fault(fault.clone()));
        }
    }

    /// This machine was declared dead: what it held is lost, and what it waits for is asked
    /// again by its next session.
    pub(crate) fn bury(&mut self, why: &str) {
        self.dirty = true;
        (self.page, self.before) = (None, None);
        self.said = None;
        let lost = self.known.drain(..).map(Held::lease).collect();
        self.lose(lost, why);
        for change in std::mem::take(&mut self.changes) {
            let is_of_hold = matches!(
                change.request,
                Request::Release { .. }
                    | Request::Died(_)
                    | Request::Share { .. }
                    | Request::Change { .. }
                    | Request::Publish { .. }
            );
            self.settled.extend(change.ends());
            match is_of_hold {
                true => self.answer(change.to, Answer::Gone),
                false => self.changes.push(change),
            }
        }
        for asked in &mut self.asked {
            asked.place = None;
        }
    }

    /// Tells processes that these of their leases are lost.
    pub(super) fn lose(&mut self, lost: Vec<(Option<Client>, (Token, String))>, why: &str) {
        let mut clients: Vec<_> = lost.iter().filter_map(|(client, _)| *client).collect();
        clients.sort_unstable();
        clients.dedup();
        for client in clients {
            let of_it = lost.iter().filter(|(its, _)| *its == Some(client));
            let leases = of_it.map(|(_, lease)| lease.clone()).collect();
            let why = why.to_owned();
            self.answer(Some(To { client, id: 0 }), Answer::Lost { leases, why });
        }
    }
}
