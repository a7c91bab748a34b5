//! What one machine knows: its session, its pools, and the processes that are connected.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use nm_postgres::{Glance, Hint};
use nm_register::{Beats, Due, Look, Observer, Session, Start, Token};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::clock;
use crate::draw;
use crate::fault::fault;
use crate::locks::{Left, Locks};
use crate::pool::{Client, Key, Now, Pool, To};
use crate::wire::{Answer, Ask, Asked, Fault, FaultKind, Join, Lock, Told};

/// How long an agent stays without anything to do: a minute after the last use its connections are
/// gone, too.
const IDLE: Duration = Duration::from_secs(58);

/// How long one without a server tries to say that something has ended.
const ALONE: Duration = Duration::from_secs(600);

/// Of a new session: above all disturbances that one can have had before.
const NEXT_SESSION: u64 = 1 << 32;

/// An agent, for its tasks.
#[derive(Clone)]
pub(crate) struct Agent {
    state: Rc<RefCell<State>>,
    /// There is something to ask of the server.
    pub(crate) work: Rc<Notify>,
    /// Hints are to be asked for.
    pub(crate) listen: Rc<Notify>,
    /// The session is over, or its first connection is there.
    pub(crate) beat: Rc<Notify>,
    /// A process has gone.
    pub(crate) orphan: Rc<Notify>,
    /// The connections are gone: no answer will come.
    pub(crate) cut: Rc<Notify>,
    /// Its first beat was answered.
    pub(crate) born: Rc<Notify>,
    /// It is to end.
    pub(crate) end: Rc<Notify>,
}

/// Whether hints come, over these connections and for this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hints {
    /// Nobody has waited yet.
    No,
    /// They are to be asked for.
    Wanted,
    /// They were asked for: whether they come is to be tried.
    Asked,
    /// They do not, or that is not known yet.
    Tried,
    /// They do, which nobody else knows.
    Heard,
    /// They do.
    Come,
}

/// So many bytes wait for a process at most. One that does not read them is hung up on: when it
/// goes on, it presents itself to this agent again.
const MOST: usize = 8 << 20;

/// While so many wait for it, a process is told of no more events.
const MANY: usize = 1 << 20;

/// What is said to a process.
#[derive(Clone)]
pub(crate) struct Lines {
    sender: UnboundedSender<String>,
    /// How many bytes wait for it.
    pub(crate) waiting: Rc<Cell<usize>>,
    /// It is to be hung up on.
    pub(crate) end: Rc<Notify>,
}

impl Lines {
    pub(crate) fn new(sender: UnboundedSender<String>) -> Self {
        Self {
            sender,
            waiting: Rc::default(),
            end: Rc::default(),
        }
    }

    fn say(&self, line: String) {
        let waiting = self.waiting.get() + line.len();
        if self.waiting.get() > 0 && waiting > MOST {
            return self.end.notify_one();
        }
        self.waiting.set(waiting);
        // Who does not read any more is gone.
        let _ = self.sender.send(line);
    }
}

/// A journal that a process reads.
pub(crate) struct Journal {
    pub(crate) to: To,
    pub(crate) key: Key,
    pub(crate) part: Part,
}

/// What of a journal is still to be told.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// All from a time on, after the last event that was told.
    From { time: u64, after: i64 },
    /// So many at its end.
    Last(u32),
}

/// What it knows.
pub(crate) struct State {
    /// The server, as people see it.
    pub(crate) server: String,
    /// This machine, as people see it.
    pub(crate) host: String,
    pub(crate) lease: Duration,
    pub(crate) locks: Locks,
    pub(crate) session: Session,
    /// Whether the server knows it.
    pub(crate) is_born: bool,
    pub(crate) beats: Beats,
    /// How often it had to connect, and more with every session.
    pub(crate) connections: u64,
    /// Whether both connections are there.
    pub(crate) is_connected: bool,
    /// What others tell it of their changes.
    pub(crate) hints: Hints,
    /// What it sees of the server.
    observer: Observer,
    /// The process of the server that was read from last.
    pub(crate) heard_from: Option<Start>,
    /// When the server was last heard.
    pub(crate) heard_at: Duration,
    /// What processes were told of its silence.
    silence: Option<String>,
    pub(crate) pools: BTreeMap<Key, Pool>,
    clients: BTreeMap<Client, Lines>,
    /// Journals that are being read.
    pub(crate) journals: VecDeque<Journal>,
    /// What an earlier agent has left.
    pub(crate) left: Left,
    /// Tokens of processes that are not connected.
    pub(crate) orphans: BTreeSet<Token>,
    /// Since when there has been nothing to do.
    idle_since: Duration,
    /// It does not serve any more.
    pub(crate) is_ending: bool,
    next_client: Client,
}

impl Agent {
    pub(crate) fn new(server: String, host: String, locks: Locks, session: Session) -> Self {
        let (lease, now) = (Duration::from_secs(30), clock::now());
        let state = State {
            server,
            host,
            lease,
            locks,
            session,
            is_born: false,
            beats: Beats::new(lease),
            connections: 0,
            is_connected: false,
            hints: Hints::No,
            observer: Observer::new(lease),
            heard_from: None,
            heard_at: now,
            silence: None,
            pools: BTreeMap::new(),
            clients: BTreeMap::new(),
            journals: VecDeque::new(),
            left: Left::default(),
            orphans: BTreeSet::new(),
            idle_since: now,
            is_ending: false,
            next_client: 0,
        };
        Self {
            state: Rc::new(RefCell::new(state)),
            work: Rc::default(),
            listen: Rc::default(),
            beat: Rc::default(),
            orphan: Rc::default(),
            cut: Rc::default(),
            born: Rc::default(),
            end: Rc::default(),
        }
    }

    /// What it knows. Never held while something else is waited for.
    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Takes in a line of a process.
    pub(crate) fn ask(&self, client: Client, asked: Asked) {
        self.state().ask(client, asked);
        self.work.notify_one();
    }

    /// A connection of a process has ended.
    pub(crate) fn disconnect(&self, client: Client) {
        let mut state = self.state();
        state.clients.remove(&client);
        let tokens: Vec<_> = state
            .pools
            .values_mut()
            .flat_map(|pool| pool.disconnect(client))
            .collect();
        state.journals.retain(|journal| journal.to.client != client);
        if !tokens.is_empty() {
            state.orphans.extend(tokens);
            self.orphan.notify_one();
        }
    }

    /// The session was declared dead.
    pub(crate) fn bury(&self) {
        self.state().beats.bury();
        self.beat.notify_one();
    }
}

impl State {
    /// The lease of the server, before anything is asked.
    pub(crate) fn set_lease(&mut self, lease: Duration) {
        self.lease = lease;
        self.beats = Beats::new(lease);
        self.observer = Observer::new(lease);
    }

    /// The moment.
    pub(crate) fn now(&self) -> Now {
        let time = clock::now();
        Now {
            session: self.session,
            time,
            wall: clock::wall(),
            valid: self.is_born && self.beats.is_valid(time),
        }
    }

    /// A new connection of a process, which is told so by `lines`.
    pub(crate) fn connect(&mut self, lines: Lines) -> Client {
        self.next_client += 1;
        let client = self.next_client;
        self.clients.insert(client, lines);
        if let Some(silence) = self.silence.clone() {
            self.tell(To { client, id: 0 }, Answer::Silence(Some(silence)));
        }
        client
    }

    pub(crate) fn is_there(&self, client: Client) -> bool {
        self.clients.contains_key(&client)
    }

    /// Tells a process something, if it is still there.
    pub(crate) fn tell(&self, to: To, answer: Answer) {
        if let Some(lines) = self.clients.get(&to.client) {
            let told = Told { id: to.id, answer };
            let mut line = serde_json::to_string(&told).expect("its keys are texts");
            line.push('\n');
            lines.say(line);
        }
    }

    /// The next journal of which more can be told: the others' processes are still to read what
    /// they were told.
    pub(crate) fn next_journal(&mut self) -> Option<Journal> {
        let has_room = |journal: &Journal| {
            let lines = self.clients.get(&journal.to.client);
            lines.is_none_or(|lines| lines.waiting.get() < MANY)
        };
        let at = self.journals.iter().position(has_room)?;
        self.journals.remove(at)
    }

    /// Tells processes what has come out for them.
    pub(crate) fn tell_all(&mut self) {
        let answers: Vec<_> = self.pools.values_mut().flat_map(Pool::answers).collect();
        for (to, answer) in answers {
            self.tell(to, answer);
        }
        let pools = self.pools.values_mut();
        let settled: Vec<_> = pools.flat_map(|pool| pool.settled.drain(..)).collect();
        for token in settled {
            self.forget(token);
        }
    }

    /// Removes a file that its process has left to us, if nothing is held with it any more, or
    /// about to be released.
    pub(crate) fn forget(&self, token: Token) {
        if self.locks.has_release(token) && !self.pools.values().any(|pool| pool.has(token)) {
            self.locks.remove(token);
        }
    }

    fn ask(&mut self, client: Client, asked: Asked) {
        let to = To {
            client,
            id: asked.id,
        };
        let key = (asked.space, asked.pool);
        if self.is_ending {
            let message = "the agent of this machine ends; ask the next one";
            return self.tell(to, Answer::Fault(fault(FaultKind::Agent, message)));
        }
        if let Err(message) = self.check(&asked.ask) {
            return self.tell(to, Answer::Fault(fault(FaultKind::Config, message)));
        }
        let part = match asked.ask {
            Ask::Events(from) => Some(Part::From {
                time: from,
                after: 0,
            }),
            Ask::LastEvents(most) => Some(Part::Last(most)),
            _ => None,
        };
        if let Some(part) = part {
            return self.journals.push_back(Journal { to, key, part });
        }
        let (away, now) = (!self.is_connected, self.now());
        let time = now.time;
        let gives_up = matches!(asked.ask, Ask::Leave(_));
        let pool = self.pool(key);
        pool.used_at = time;
        if gives_up {
            pool.look_on(time);
        }
        let is_told = matches!(asked.ask, Ask::Brief) && pool.tell_briefly(to, &now);
        if !is_told {
            pool.ask(to, asked.ask, away);
        }
        self.tell_all();
    }

    /// Whether the process that asks can be seen to live.
    fn check(&self, ask: &Ask) -> Result<(), String> {
        let check = |token: Token, lock: Lock| match self.locks.is_shared(token, lock) {
            true => Ok(()),
            false => Err(format!(
                "the agent of this machine finds no file `locks/{token}` as the process sees it; they must share the agent's directory, in containers, too"
            )),
        };
        let check_join = |join: &Join| check(join.token, join.lock);
        match ask {
            Ask::Join(join) => check_join(join),
            Ask::Present {
                holds,
                waits,
                locks,
            } => {
                for hold in holds {
                    let mut locks = locks.iter();
                    let lock = locks.find(|(token, _)| *token == hold.token);
                    let (token, lock) =
                        lock.ok_or_else(|| format!("`{}` is held without a file", hold.name))?;
                    check(*token, *lock)?;
                }
                waits.iter().try_for_each(|(_, join)| check_join(join))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn pool(&mut self, key: Key) -> &mut Pool {
        let (host, lease) = (&self.host, self.lease);
        let pools = &mut self.pools;
        pools
            .entry(key.clone())
            .or_insert_with(|| Pool::new(key, host, lease))
    }

    /// Takes in what was seen of pools, and tells those who were granted something. `None` if that
    /// is all; or when the first pool is to be read in which somebody here was served: not only
    /// beside the next look. Those in which only others were are not read, by all machines after
    /// each change of each.
    pub(crate) fn heed_glances(&mut self, glances: Vec<Glance>) -> Option<Duration> {
        let now = self.now();
        let mut read_at = None;
        for glance in glances {
            let pool = self.pool(glance.key);
            if pool.tag() == Some(Some(glance.tag)) {
                continue;
            }
            pool.forget_page();
            let is_told = glance.lent.is_some_and(|lent| pool.heed_lent(&lent, &now));
            // What an allocator is to decide on may have changed, too.
            if glance.is_served && !is_told || pool.asks_allocator() {
                pool.dirty = true;
                read_at = Some(read_at.map_or(pool.not_before, |at| pool.not_before.min(at)));
            }
        }
        self.tell_all();
        read_at
    }

    /// Takes in a hint.
    pub(crate) fn heed_hint(&mut self, hint: Hint) {
        match hint {
            Hint::Pool(space, pool) => {
                if let Some(pool) = self.pools.get_mut(&(space, pool)) {
                    pool.hint();
                }
            }
            Hint::All => self.pools.values_mut().for_each(Pool::hint),
            Hint::Echo(number) if number == self.connections && self.hints == Hints::Tried => {
                self.hints = Hints::Heard;
                // What was granted before they were asked for was told to nobody.
                self.pools.values_mut().for_each(Pool::hint);
            }
            Hint::Echo(_) => {}
        }
    }

    /// Nothing can be done in any pool.
    pub(crate) fn fail(&mut self, fault: &Fault, may_pass: bool) {
        let pools = self.pools.values_mut();
        pools.for_each(|pool| pool.fail(fault, may_pass));
        self.tell_all();
    }

    /// The connections are gone.
    pub(crate) fn cut(&mut self) {
        self.is_connected = false;
        self.beats.cut();
        self.connections += 1;
        self.hints = Hints::No;
        self.heard_from = None;
        for pool in self.pools.values_mut() {
            pool.cut();
        }
        self.tell_all();
    }

    /// The server was heard.
    pub(crate) fn heard(&mut self) {
        self.heard_at = clock::now();
        if self.silence.take().is_some() {
            self.tell_everybody(&Answer::Silence(None));
        }
    }

    /// The server is not heard. Processes are told after a third of a lease.
    pub(crate) fn not_heard(&mut self, why: &str) {
        let since = clock::now().saturating_sub(self.heard_at);
        if since < self.lease / 3 || self.silence.is_some() {
            return;
        }
        let silence = format!(
            "{} has not been heard of for {}s ({why}); nobody is lent a name meanwhile",
            self.server,
            since.as_secs()
        );
        self.silence = Some(silence.clone());
        self.tell_everybody(&Answer::Silence(Some(silence)));
    }

    fn tell_everybody(&self, answer: &Answer) {
        for client in self.clients.keys() {
            let to = To {
                client: *client,
                id: 0,
            };
            self.tell(to, answer.clone());
        }
    }

    /// What is due after a look at a pool.
    pub(crate) fn observe(&mut self, key: &Key, look: &Look, time: Duration) -> Vec<Due> {
        let undisturbed = self.beats.undisturbed(time);
        let connection = undisturbed.map(|own| own + self.connections);
        self.heard_from = Some(look.start);
        // The row for the server is one for all pools.
        let of_server = Look {
            sessions: BTreeMap::new(),
            ..look.clone()
        };
        let mut due = self.observer.look(&of_server, connection, time);
        if let Some(pool) = self.pools.get_mut(key) {
            let dead = pool.observer.look(look, connection, time);
            due.extend(dead.into_iter().filter(|due| matches!(due, Due::Bury(..))));
        }
        // Who is declared dead here has said so to itself.
        due.retain(|due| !matches!(due, Due::Bury(session, _) if *session == self.session));
        due
    }

    /// Whether a process of the server has not been told all that is held.
    pub(crate) fn must_say_again(&self) -> bool {
        let said = self.beats.said();
        self.beats.must_say_again() || self.heard_from.is_some_and(|start| said != Some(start))
    }

    /// Ends a session that was declared dead: processes are told what they have lost, and what
    /// they wait for is asked by another one.
    pub(crate) fn next_session(&mut self) -> std::io::Result<()> {
        self.session = Session(draw::id()?);
        self.is_born = false;
        self.beats = Beats::new(self.lease);
        self.connections += NEXT_SESSION;
        self.hints = Hints::No;
        let why = format!(
            "this machine was not heard of at {} for more than {}s",
            self.server,
            self.lease.as_secs()
        );
        for pool in self.pools.values_mut() {
            pool.bury(&why);
        }
        self.tell_all();
        Ok(())
    }

    /// When it is to end if nothing is asked before: once nothing has been held, awaited or asked
    /// for a minute, and nobody who went away without what it wanted is looked on for. `None` while
    /// there is something to do.
    pub(crate) fn ends_at(&mut self, time: Duration) -> Option<Duration> {
        // What nobody can be told for so long is left to those who declare the machine dead.
        let is_alone = !self.is_connected && time >= self.heard_at + ALONE;
        let mut pools = self.pools.values();
        let is_idle = self.journals.is_empty()
            && pools.all(|pool| pool.is_idle() || is_alone && !pool.is_of_somebody());
        if !is_idle {
            self.idle_since = time;
            return None;
        }
        let used = self.pools.values().map(|pool| pool.used_at).max();
        let since = self.idle_since.max(used.unwrap_or_default());
        // Where there is nobody to be declared dead, nobody looks.
        let own = self.session;
        let looks = self.pools.values().filter(|it| it.is_worth_a_look(own));
        let looks_until = looks.map(|pool| pool.looks_until).max();
        Some((since + IDLE).max(looks_until.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nm_postgres::Page;
    use nm_register::{After, Document, Hold, Seen, Server, State as NameState, Tag, Who};

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn state() -> Agent {
        let locks = Locks::new(std::path::Path::new("/nowhere"));
        let agent = Agent::new("db".to_owned(), "ci-1".to_owned(), locks, Session(1));
        let mut state = agent.state();
        state.is_connected = true;
        (state.idle_since, state.heard_at) = (S(100), S(100));
        drop(state);
        agent
    }

    fn holds(state: &mut State, token: u128) {
        let hold = Hold {
            token: Token(token),
            session: Session(9),
            name: "n".to_owned(),
            access: nm_register::Access::Exclusive,
            alone: false,
            fence: 1,
            id: String::new(),
            who: Who::default(),
            waiting: None,
            body_ended: None,
            by: None,
        };
        let ask = Ask::Present {
            holds: vec![hold],
            waits: Vec::new(),
            locks: Vec::new(),
        };
        let pool = state.pool(("space".to_owned(), "pool".to_owned()));
        pool.ask(To { client: 1, id: 1 }, ask, false);
    }

    #[test]
    fn a_pool_in_which_somebody_was_served_is_read_as_soon_as_it_may_be() {
        let agent = state();
        let mut state = agent.state();
        let keys = ["a", "b", "c"].map(|pool| ("acme/shop".to_owned(), pool.to_owned()));
        let [a, b, c] = &keys;
        for key in &keys {
            state.pool(key.clone()).dirty = false;
        }
        state.pool(a.clone()).not_before = S(7);
        state.pool(b.clone()).not_before = S(5);
        assert_eq!(state.heed_glances(Vec::new()), None);
        let glance = |key: &Key, is_served| Glance {
            key: key.clone(),
            tag: Tag(1),
            is_served,
            lent: None,
        };
        let glances = vec![glance(a, true), glance(b, true), glance(c, false)];
        assert_eq!(state.heed_glances(glances), Some(S(5)));
        let dirty = keys.map(|key| state.pool(key).dirty);
        assert_eq!(dirty, [true, true, false]);
    }

    #[test]
    fn an_agent_ends_a_minute_after_the_last_that_it_had_to_do() {
        let agent = state();
        let mut state = agent.state();
        assert_eq!(state.ends_at(S(159)), Some(S(158)));
        holds(&mut state, 7);
        assert_eq!(state.ends_at(S(1000)), None);
        state.pools.clear();
        assert_eq!(state.ends_at(S(1059)), Some(S(1058)));
        // For those who come after one that went away with nothing.
        let lease = state.lease;
        let pool = state.pool(("space".to_owned(), "other".to_owned()));
        pool.look_on(S(1200) - lease * 2);
        assert_eq!(state.ends_at(S(1199)), Some(S(1200)));
        // Unless there is nobody else who may have to be declared dead.
        let page = |sessions: &[u128]| {
            let server = Server {
                start: Start(1),
                calm: true,
                epoch: 0,
            };
            let seen = sessions.iter().map(|it| (Session(*it), Seen::Beat(1)));
            Page {
                tag: Some(Tag(1)),
                document: Document::default(),
                hear: BTreeSet::new(),
                look: Look {
                    start: Start(1),
                    server,
                    sessions: seen.collect(),
                },
            }
        };
        for (sessions, ends_at) in [(&[1, 2][..], S(1200)), (&[1], S(1058))] {
            let now = state.now();
            let pool = state.pool(("space".to_owned(), "other".to_owned()));
            pool.heed(page(sessions), &now);
            assert_eq!(state.ends_at(S(1199)), Some(ends_at));
        }
    }

    #[test]
    fn an_agent_without_a_server_ends_only_if_nobody_needs_it() {
        let agent = state();
        let mut state = agent.state();
        state.is_connected = false;
        holds(&mut state, 7);
        assert_eq!(state.ends_at(S(10_000)), None);
        // It is released, but nobody can be told.
        let pool = state.pool(("space".to_owned(), "pool".to_owned()));
        pool.ask(To { client: 1, id: 2 }, release(7), true);
        state.heard_at = S(9_500);
        assert_eq!(state.ends_at(S(10_099)), None);
        state.idle_since = S(10_000);
        assert_eq!(state.ends_at(S(10_100)), Some(S(10_058)));
    }

    fn release(token: u128) -> Ask {
        Ask::Release {
            token: Token(token),
            name: "n".to_owned(),
            fence: None,
            after: After {
                state: NameState::Clean,
                reason: None,
                as_it_was: false,
            },
            durable: false,
        }
    }
}
