//! The steps.

use std::collections::BTreeSet;
use std::time::Duration;

use nm_register::{
    Access, After, Beats, Document, Due, Hold, Known, Names, Observer, Outcome, Request, Seen,
    Server, Session, Spec, Standing, Start, State as NameState, Tag, Token, Waiter, Wanted, Who,
    decide,
};

use crate::agent::{Agent, Asked, Beat, Body, Page, Plan};
use crate::db::{Db, Statement, Write};
use crate::flaw::Flaw;

/// How far the checker looks.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What each machine does.
    pub plans: [Plan; 2],
    /// The time of a lease, in ticks. Beats are a tick apart.
    pub lease: u8,
    /// When it ends.
    pub ticks: u8,
    /// How often the server fails over.
    pub failovers: u8,
    /// How often the answer of a change is lost with its connection.
    pub losses: u8,
    /// How often a change hangs at the server.
    pub hangs: u8,
    /// How often the server stands still.
    pub stalls: u8,
    /// Whether the standby has the sessions from the start.
    pub standby_has_sessions: bool,
    /// Connections stay while the server fails over, and its processes are killed.
    pub pooler: bool,
    /// Time passes, and others act, between READ and what comes of it.
    pub slow_turns: bool,
    /// The same between a beat and its answer.
    pub slow_beats: bool,
}

/// What is explored.
#[derive(Clone, Debug)]
pub struct Model {
    /// How far.
    pub bounds: Bounds,
    /// What is broken.
    pub flaw: Option<Flaw>,
}

/// A moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// In ticks.
    pub now: u8,
    /// When the process of the server started.
    pub start: Start,
    /// What it stores.
    pub db: Db,
    /// What its standby has.
    pub standby: Db,
    /// When it failed over.
    pub failed_over: Option<u8>,
    /// Whether names were granted since.
    pub granted: bool,
    /// Whether its commits wait.
    pub stalled: bool,
    /// The machines.
    pub agents: Vec<Agent>,
    /// Changes that may still be done, although nobody waits for an answer.
    pub late: Vec<Statement>,
    /// The next number that nobody has drawn.
    pub drawn: u8,
    /// Until when a machine's beats got through, or would have but for the server.
    pub heard: [u8; 2],
    /// Whether the last beat was sent no later than the one before it asked for.
    pub in_time: [bool; 2],
    /// When the last beat that was acknowledged had been sent.
    pub acknowledged: [Option<u8>; 2],
    /// Whose session was declared dead, whether the server remembers it or not.
    pub buried: [bool; 2],
    /// What is left of the bounds: failovers, losses, hangs, stalls, lost beats.
    pub left: [u8; 5],
    /// What must not be.
    pub wrong: Option<&'static str>,
}

const NAME: &str = "n";

impl Model {
    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn init(&self) -> State {
        let bounds = &self.bounds;
        let start = Start(1);
        let server = Server {
            start,
            calm: true,
            epoch: 0,
        };
        let mut db = Db {
            server,
            sessions: Default::default(),
            pool: None,
        };
        let standby = db.clone();
        let lease = Duration::from_secs(bounds.lease.into());
        let agents = bounds.plans.iter().enumerate().map(|(index, plan)| {
            let session = Session(index as u128 + 1);
            let mut beats = Beats::new(lease);
            let count = beats.send(Duration::ZERO);
            beats.acknowledge(count, start, Duration::ZERO);
            beats.said_again(start);
            db.sessions.insert(session, (count, false));
            Agent {
                plan: *plan,
                session,
                beats,
                observer: Observer::new(lease),
                connections: 0,
                beat: Beat::None,
                beaten: Some(0),
                asked: Some(Asked {
                    token: Token(index as u128 + 1),
                    given_up: false,
                }),
                known: Vec::new(),
                releasing: Vec::new(),
                unsettled: None,
                page: None,
                due: Vec::new(),
                bodies: Vec::new(),
                hangs: false,
            }
        });
        let agents = agents.collect();
        let mut lost_beats = 0;
        if self.has(Flaw::BeatIsLost) {
            lost_beats = 1;
        }
        State {
            now: 0,
            start,
            standby: if bounds.standby_has_sessions {
                db.clone()
            } else {
                standby
            },
            db,
            failed_over: None,
            granted: false,
            stalled: false,
            agents,
            late: Vec::new(),
            drawn: 0,
            heard: [0; 2],
            in_time: [true; 2],
            acknowledged: [Some(0); 2],
            buried: [false; 2],
            left: [
                bounds.failovers,
                bounds.losses,
                bounds.hangs,
                bounds.stalls,
                lost_beats,
            ],
            wrong: None,
        }
    }

    /// A test's body ends.
    pub(crate) fn end(&self, state: &mut State, index: usize) {
        let agent = &mut state.agents[index];
        let body = agent.bodies.remove(0);
        let known = &mut agent.known;
        if let Some(at) = known.iter().position(|hold| hold.token == body.hold.token) {
            let hold = known.remove(at);
            agent.releasing.push(hold);
        }
    }

    pub(crate) fn read(&self, state: &mut State, index: usize) {
        let tag = state.db.pool.as_ref().map(|(tag, _)| *tag);
        let document = state.db.pool.as_ref().map(|(_, document)| document.clone());
        let page = Page {
            tag,
            document: document.unwrap_or_default(),
            look: state.db.look(state.start),
        };
        let now = state.time();
        let agent = &mut state.agents[index];
        let own = match self.has(Flaw::WatchesWithoutBeats) {
            true => Some(0),
            false => agent.beats.undisturbed(now),
        };
        let connection = own.map(|own| own + agent.connections);
        let mut look = page.look.clone();
        if self.has(Flaw::WatchesAcrossRestarts) {
            let is_current = look.server.start == look.start;
            look.start = Start(0);
            look.server.start = Start(if is_current { 0 } else { -1 });
        }
        agent.due = agent.observer.look(&look, connection, now);
        if self.has(Flaw::WatchesAcrossRestarts) {
            for due in &mut agent.due {
                if let Due::Server { was, row } = due {
                    was.start = page.look.server.start;
                    row.start = page.look.start;
                }
            }
        }
        // A change that is certain now: it is in, or can never come in.
        if agent.unsettled.is_some_and(|was| was != page.tag) {
            agent.unsettled = None;
        }
        self.learn(state, index, &page.document, page.look.start);
        state.agents[index].page = Some(Box::new(page));
    }

    /// What a document, read from this process of the server, says of the agent's own.
    fn learn(&self, state: &mut State, index: usize, document: &Document, start: Start) {
        let now = state.time();
        let forgets = self.has(Flaw::TokenForgotten);
        let agent = &mut state.agents[index];
        if let Some(asked) = agent.asked.clone() {
            match document.standing(asked.token) {
                Standing::Holds(holds) => {
                    let hold = holds[0].clone();
                    let valid = agent.beats.is_valid(now) || self.has(Flaw::GrantUnchecked);
                    if asked.given_up {
                        agent.releasing.push(hold);
                        agent.asked = None;
                    } else if valid {
                        if state.buried[index] {
                            state.wrong = Some("a body begins in a lease that has ended");
                        }
                        agent.known.push(hold.clone());
                        agent.bodies.push(Body { hold, told: false });
                        agent.asked = None;
                    }
                }
                Standing::Unknown if asked.given_up => {
                    if forgets {
                        agent.unsettled = None;
                    }
                    if agent.unsettled.is_none() {
                        agent.asked = None;
                    }
                }
                _ => {}
            }
        }
        // By a process that was told all, what is not there is over.
        if agent.beats.said() == Some(start) && agent.unsettled.is_none() {
            let has = |hold: &Hold| document.of_name(NAME).any(|it| it.token == hold.token);
            agent.releasing.retain(has);
            let lost: Vec<_> = agent.known.extract_if(.., |hold| !has(hold)).collect();
            for hold in lost {
                self.tell(state, index, hold.token);
            }
        }
    }

    /// A test is told that its lease is lost.
    fn tell(&self, state: &mut State, index: usize, token: Token) {
        if !state.buried[index] && !self.is_late(state) {
            state.wrong = Some("a lease is lost without a reason");
        }
        let agent = &mut state.agents[index];
        agent.known.retain(|hold| hold.token != token);
        for body in &mut agent.bodies {
            body.told |= body.hold.token == token;
        }
    }

    /// What is due since the last look: by compare-and-swap.
    pub(crate) fn due(&self, state: &mut State, index: usize) {
        let due = state.agents[index].due.remove(0);
        state.agents[index].page = None;
        match due {
            Due::Server { was, row } => {
                if state.db.server == was && row.start == state.start {
                    state.db.server = row;
                }
            }
            Due::Bury(session, seen) => {
                let of_it = [session].into();
                let is_same = state.db.seen(&of_it)[&session] == seen;
                let is_dead = state.db.seen(&of_it)[&session] == Seen::Dead;
                if is_dead || !(is_same || self.has(Flaw::BuryWithoutCount)) {
                    return;
                }
                let row = state.db.sessions.entry(session).or_insert((0, false));
                row.1 = true;
                let whose = session.0 as usize - 1;
                state.buried[whose] = true;
                let is_early =
                    |at: Option<u8>| at.is_some_and(|at| state.now < at + self.bounds.lease);
                let heard = Some(state.heard[whose]);
                if is_early(state.acknowledged[whose]) || is_early(heard) {
                    state.wrong = Some("a session is declared dead too early");
                }
            }
        }
    }

    /// The change that an agent makes of what it has read; `None` if it has none to make.
    pub(crate) fn statement(&self, state: &State, index: usize) -> Option<Statement> {
        let agent = &state.agents[index];
        let page = agent.page.as_deref()?;
        let start = page.look.start;
        let own = |token: &Token| {
            let is_held = |hold: &&Hold| hold.token == *token;
            let held = agent.known.iter().chain(&agent.releasing).find(is_held);
            held.is_some()
                || agent
                    .asked
                    .as_ref()
                    .is_some_and(|asked| asked.token == *token)
        };
        let mut requests = Vec::new();
        let says_again = agent.beats.said() != Some(start);
        if says_again {
            requests.push(Request::Again {
                holds: agent.known.clone(),
                waiters: Vec::new(),
            });
        }
        let mut tokens = page
            .document
            .holds
            .iter()
            .map(|hold| (hold.session, hold.token));
        if tokens.any(|(session, token)| session == agent.session && !own(&token))
            && !self.has(Flaw::UnknownStays)
        {
            let held = agent.known.iter().chain(&agent.releasing);
            requests.push(Request::Keep {
                held: held.map(|hold| (hold.token, NAME.to_owned())).collect(),
                asked: agent.asked.iter().map(|asked| asked.token).collect(),
            });
        }
        for hold in &agent.releasing {
            requests.push(Request::Release {
                token: hold.token,
                name: NAME.to_owned(),
                after: After {
                    state: NameState::Clean,
                    reason: None,
                    as_it_was: false,
                },
            });
        }
        if let Some(asked) = &agent.asked {
            let standing = page.document.standing(asked.token);
            match standing {
                Standing::Unknown if !asked.given_up => requests.push(self.join(state, index)),
                Standing::Waits { .. } if asked.given_up => {
                    requests.push(Request::Leave(asked.token));
                }
                _ => {}
            }
        }
        if agent.unsettled.is_some() {
            requests.push(Request::Settle);
        }
        let dead = page.look.sessions.iter();
        let dead = dead
            .filter(|(_, seen)| **seen == Seen::Dead)
            .map(|(session, _)| *session);
        let dead: BTreeSet<_> = dead.collect();
        let is_made = page.tag.is_none() && self.has(Flaw::MakeIsCalm);
        let calm = page.look.server.is_calm(start) || self.has(Flaw::NoFreeze) || is_made;
        let known = Known {
            pool: "pool",
            session: agent.session,
            calm,
            epoch: page.look.server.epoch,
            dead: &dead,
            now: 0,
        };
        let mut decided = decide(&page.document, &requests, known);
        if self.has(Flaw::SharedKeepsFence) {
            let before = page.document.names.get(NAME).map_or(0, |name| name.fence);
            for hold in &mut decided.document.holds {
                if hold.access == Access::Shared && hold.fence > before {
                    hold.fence = before;
                    if let Some(name) = decided.document.names.get_mut(NAME) {
                        name.fence = before;
                        name.alone = name.alone.min(before);
                    }
                }
            }
        }
        // Nobody asks for anything, and nothing can be granted that was not before.
        if requests.is_empty() && decided.document == page.document {
            return None;
        }
        Some(Statement {
            agent: index,
            session: agent.session,
            was: page.tag,
            start,
            write: Write {
                tag: Tag(state.drawn.into()),
                document: decided.document,
                outcomes: decided.outcomes,
                says_again,
            },
        })
    }

    fn join(&self, state: &State, index: usize) -> Request {
        let agent = &state.agents[index];
        Request::Join {
            waiter: Box::new(Waiter {
                token: agent.asked.as_ref().expect("it asks").token,
                session: agent.session,
                wants: Wanted::Count(1),
                access: agent.plan.access,
                beside: false,
                failed: None,
                has_hooks: true,
                has_allocator: true,
                warm_first: false,
                even_broken: false,
                first: 0,
                id: String::new(),
                who: Who::default(),
            }),
            spec: Some(Spec {
                names: Names::Listed(vec![NAME.to_owned()]),
                place: String::new(),
            }),
            assign: None,
            waits: true,
        }
    }

    /// The server does a change, or finds that it was overtaken.
    pub(crate) fn execute(&self, state: &mut State, statement: &Statement) -> bool {
        if !state
            .db
            .accepts(statement, state.start, !self.has(Flaw::NoStartGuard))
        {
            return false;
        }
        let before = state.db.pool.as_ref().map(|(_, document)| &document.holds);
        let before: BTreeSet<_> = before
            .into_iter()
            .flatten()
            .map(|hold| hold.token)
            .collect();
        let document = &statement.write.document;
        for hold in document
            .holds
            .iter()
            .filter(|hold| !before.contains(&hold.token))
        {
            let mut wrong = false;
            for (other, agent) in state.agents.iter().enumerate() {
                let excused = state.buried[other] || self.is_late(state);
                let used = |body: &Body| body.hold.token == hold.token;
                let conflicts = |body: &Body| {
                    !used(body)
                        && (body.hold.access == Access::Exclusive
                            || hold.access == Access::Exclusive)
                };
                // What a body has already is merely said again.
                let is_new = !state
                    .agents
                    .iter()
                    .flat_map(|agent| &agent.bodies)
                    .any(used);
                wrong |= is_new && !excused && agent.bodies.iter().any(conflicts);
            }
            let is_put_back = state
                .agents
                .iter()
                .flat_map(|agent| &agent.bodies)
                .any(|body| body.hold.token == hold.token);
            if is_put_back && state.granted {
                state.wrong = Some("a lease is put back although others had the name since");
            }
            state.granted |= !is_put_back;
            if wrong {
                state.wrong = Some("a name is granted beside a body that uses it");
            }
        }
        state.db.pool = Some((statement.write.tag, document.clone()));
        true
    }

    /// SWAP, with its answer.
    pub(crate) fn swap(&self, state: &mut State, statement: &Statement) {
        let index = statement.agent;
        state.drawn += 1;
        let done = self.execute(state, statement);
        let agent = &mut state.agents[index];
        agent.page = None;
        agent.due.clear();
        if !done {
            return;
        }
        agent.unsettled = None;
        let write = &statement.write;
        for outcome in &write.outcomes {
            if let Outcome::Lost(lost) = outcome {
                for (token, _) in lost {
                    self.tell(state, index, *token);
                }
            }
        }
        let agent = &mut state.agents[index];
        if write.says_again {
            agent.beats.said_again(statement.start);
        }
        self.learn(state, index, &write.document, statement.start);
    }

    /// SWAP whose answer does not come: its connection is cut, or hangs.
    pub(crate) fn lose(&self, state: &mut State, statement: Statement, hangs: bool) {
        state.drawn += 1;
        let agent = &mut state.agents[statement.agent];
        agent.unsettled = Some(statement.was);
        agent.page = None;
        agent.due.clear();
        agent.hangs = hangs;
        if !hangs {
            agent.reconnect();
        }
        state.late.push(statement);
    }

    /// A change is done that nobody waits for.
    pub(crate) fn late(&self, state: &mut State, at: usize) {
        let statement = state.late.remove(at);
        state.agents[statement.agent].hangs = false;
        self.execute(state, &statement);
    }

    pub(crate) fn beat(&self, state: &mut State, index: usize) {
        let now = state.time();
        let agent = &mut state.agents[index];
        agent.beaten = Some(state.now);
        // One that has missed a beat of its own does not blame the server for the rest.
        state.in_time[index] = state.now - state.heard[index] <= 1;
        let count = agent.beats.send(now);
        agent.beat = Beat::Sent(count);
        let waits = state.stalled || (agent.hangs && self.has(Flaw::BeatBehindSwap));
        if !waits {
            self.arrive(state, index);
        }
        if !self.bounds.slow_beats {
            self.answer(state, index);
        }
    }

    /// An agent's look, and what comes of it, with nothing between.
    pub(crate) fn turn(&self, state: &mut State, index: usize) {
        self.read(state, index);
        if !state.agents[index].due.is_empty() {
            let page = state.agents[index].page.clone();
            while !state.agents[index].due.is_empty() {
                self.due(state, index);
            }
            if page.is_some_and(|page| page.look == state.db.look(state.start)) {
                return;
            }
            self.read(state, index);
            state.agents[index].due.clear();
        }
        if !state.stalled
            && let Some(statement) = self.statement(state, index)
        {
            self.swap(state, &statement);
        }
        state.agents[index].page = None;
    }

    /// A beat is at the server.
    pub(crate) fn arrive(&self, state: &mut State, index: usize) {
        let agent = &mut state.agents[index];
        let Beat::Sent(count) = agent.beat else {
            return;
        };
        state.heard[index] = state.now;
        // Never anew under a process that knew it: it was declared dead, and that is forgotten.
        let is_new = agent.beats.said() != Some(state.start);
        agent.beat = match state.db.sessions.get_mut(&agent.session) {
            Some((_, true)) => Beat::Refused,
            None if !is_new => Beat::Refused,
            _ => Beat::Answered(count, state.start),
        };
        if let Beat::Answered(..) = agent.beat {
            let row = state.db.sessions.entry(agent.session).or_insert((0, false));
            row.0 = row.0.max(count);
        }
    }

    pub(crate) fn answer(&self, state: &mut State, index: usize) {
        let now = state.time();
        let agent = &mut state.agents[index];
        match std::mem::replace(&mut agent.beat, Beat::None) {
            Beat::Answered(count, start) => {
                if self.has(Flaw::BeatCountsFromAnswer) {
                    let count = agent.beats.send(now);
                    agent.beats.acknowledge(count, start, now);
                } else {
                    agent.beats.acknowledge(count, start, now);
                }
                if self.has(Flaw::BeatCountsBeforeSaidAgain) && agent.beats.must_say_again() {
                    // As if; it will be, at the next look.
                    agent.beats.said_again(start);
                }
                state.acknowledged[index] = agent.beaten;
            }
            Beat::Refused => {
                agent.beats.bury();
                agent.asked = None;
                agent.releasing.clear();
                agent.unsettled = None;
                for hold in agent.known.clone() {
                    self.tell(state, index, hold.token);
                }
            }
            other => agent.beat = other,
        }
    }

    pub(crate) fn fail_over(&self, state: &mut State) {
        state.db = state.standby.clone();
        state.start = Start(state.start.0 + 1);
        state.failed_over = Some(state.now);
        state.granted = false;
        state.stalled = false;
        // What was on its way to the old process is gone with it.
        state.late.clear();
        for agent in &mut state.agents {
            agent.hangs = false;
            match self.bounds.pooler {
                true => agent.beat = Beat::None,
                // What was read from the old one may still be in hand.
                false => {
                    let page = agent.page.take();
                    agent.reconnect();
                    agent.page = page;
                }
            }
        }
    }

    /// Whether a machine that is not back by now has not come back in time to a server that may have forgotten
    /// what it holds.
    fn is_late(&self, state: &State) -> bool {
        let over = state
            .failed_over
            .is_some_and(|at| state.now >= at + self.bounds.lease);
        over && state.db.server.calm
    }

    /// What must be true of every state.
    pub(crate) fn judge(&self, state: &mut State) {
        let now = state.time();
        let bodies = state.agents.iter().enumerate().flat_map(|(index, agent)| {
            // Who was declared dead, and does not hear of it since the server forgot it, may
            // be wrong.
            let unheard = state.buried[index] && state.failed_over.is_some();
            let valid = agent.beats.is_valid(now) && !unheard;
            agent.bodies.iter().filter(move |body| valid && !body.told)
        });
        let bodies: Vec<_> = bodies.collect();
        let excludes = |body: &&Body| body.hold.access == Access::Exclusive;
        if bodies.len() > 1 && bodies.iter().any(excludes) {
            state.wrong = Some("two bodies believe that the name is theirs");
        }
        for agent in &state.agents {
            let has = |hold: &Hold| agent.known.iter().any(|known| known.token == hold.token);
            let document = state.db.pool.iter().map(|(_, document)| document);
            let mut holds = document.flat_map(|document| &document.holds);
            let left = holds.any(|hold| hold.session == agent.session && !has(hold));
            let idle = agent.is_idle() && agent.beats.said() == Some(state.start);
            if idle && !agent.beats.is_dead() && left {
                state.wrong = Some("an agent has nothing to do, and has left a name held");
            }
        }
    }
}

impl State {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.now.into())
    }
}
