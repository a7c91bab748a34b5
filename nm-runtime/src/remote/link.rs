//! The connection of this process to the agent of its machine, for all pools: one thread
//! reads what the agent says, whoever asked for it.
//!
//! If the agent ends, that thread starts another one and says there again what this process
//! holds and waits for; so nobody who waits for an answer is told of it.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::patience::Patience;
use crate::base::error::{Error, Kind, Result};
use crate::base::{json, notice};
use crate::config::address::Address;
use crate::remote::start::{Agent, Connection, NotServed};
use crate::remote::token::{Token, TokenLock};
use crate::remote::wire::{
    After, Answer, BRIEF, Fault, FaultKind, Grant, Held, LOOK, Lost, Pair, Place, Present, Raw,
    Release, Told, Welcome, asked, variant,
};
use crate::terms::record::State;

/// Those of this process, or of the one that it was forked from.
static LINKS: Mutex<Vec<Arc<Link>>> = Mutex::new(Vec::new());

/// Between two attempts to start an agent for what is held: well below every lease time.
const A_PAUSE: Duration = Duration::from_secs(1);

/// So long it may take to find out whether something is free.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// What an agent does not take for a line would be said again to the next one, and the next.
const LONGEST: usize = 1_000_000;

/// Which pool it is, on the server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Where {
    pub(crate) space: Arc<str>,
    pub(crate) pool: Arc<str>,
}

/// A connection to an agent.
#[derive(Debug)]
pub(crate) struct Link {
    agent: Agent,
    /// A forked child must not speak through its parent's.
    pid: u32,
    state: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    speaker: Option<Arc<Speaker>>,
    welcome: Option<Welcome>,
    /// A thread reads, or connects again.
    is_read: bool,
    /// They wait for a thread that connects for the first time.
    connecting: Vec<Connecting>,
    last_id: u64,
    pending: BTreeMap<u64, Pending>,
    held: Vec<Kept>,
    /// The server is silent, as was told last.
    silence: Option<String>,
    /// Why the last attempt to reach the server came too early.
    away: Option<String>,
}

/// Somebody who waits for a connection.
#[derive(Debug)]
struct Connecting {
    answers: Sender<std::result::Result<(), Refused>>,
    /// It goes on while the server is away, until it hangs up.
    is_patient: bool,
}

/// Why nobody could connect, for each of those who wait for that.
#[derive(Clone, Debug)]
struct Refused {
    kind: Kind,
    message: String,
    causes: String,
    is_away: bool,
}

/// What was asked and is not answered yet.
#[derive(Debug)]
struct Pending {
    at: Where,
    ask: String,
    answers: Sender<Answer>,
    /// Of a request that may be granted something: what it asks, and the proof that we live.
    token: Option<Arc<TokenLock>>,
    /// It waits: said again to the next agent as one that waits.
    waits: Option<String>,
    /// Where it is in the line.
    place: Option<Place>,
}

/// A name that is held, as it would be said again.
#[derive(Debug)]
struct Kept {
    at: Where,
    token: Arc<TokenLock>,
    held: Held,
    /// It is being given back: that is said again, and not that it is held.
    is_over: bool,
    /// Why others may have the name by now.
    lost: Option<String>,
}

/// What was asked: its answers come here.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: u64,
    pub(crate) answers: Receiver<Answer>,
}

impl Link {
    /// That of this process to the agent of this directory.
    pub(crate) fn to(dir: &Path, address: &Address, program: Option<&Path>) -> Arc<Self> {
        let pid = std::process::id();
        let mut links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours = |link: &&Arc<Self>| link.pid == pid && link.agent.dir == dir;
        if let Some(link) = links.iter().find(is_ours) {
            return link.clone();
        }
        let link = Arc::new(Self {
            agent: Agent::new(dir, address, program),
            pid,
            state: Mutex::default(),
        });
        links.push(link.clone());
        link
    }

    pub(crate) fn is_of_this_process(&self) -> bool {
        self.pid == std::process::id()
    }

    /// The agent's directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.agent.dir
    }

    /// What the agent has said of itself.
    pub(crate) fn welcome(self: &Arc<Self>) -> Result<Welcome> {
        loop {
            if let Some(welcome) = &self.state().welcome {
                return Ok(welcome.clone());
            }
            self.connect(&mut None)?;
        }
    }

    /// Connects, unless somebody has, as long as the patience lasts.
    pub(crate) fn connect_within(
        self: &Arc<Self>,
        patience: &mut Option<&mut dyn Patience>,
    ) -> Result<()> {
        let is_connected = self.state().welcome.is_some();
        match is_connected {
            true => Ok(()),
            false => self.connect(patience),
        }
    }

    /// Whether somebody waits for an agent that has not greeted: to ask it for what is merely for
    /// people would cost them their deadline.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.state().connecting.is_empty()
    }

    /// Why the server is still waited for, if that is known.
    pub(crate) fn away(&self) -> Option<String> {
        self.state().away.clone()
    }

    /// How long a lease lasts without a beat, as far as is known.
    pub(crate) fn lease(&self) -> Duration {
        let state = self.state();
        let welcome = state.welcome.as_ref();
        welcome.map_or(Duration::ZERO, |it| Duration::from_millis(it.lease))
    }

    fn state(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects, unless somebody has. The thread that will read does it, so that everybody waits
    /// for it as long as they have the patience to.
    fn connect(self: &Arc<Self>, patience: &mut Option<&mut dyn Patience>) -> Result<()> {
        let (answers, connected) = channel();
        let is_first = {
            let mut state = self.state();
            if state.is_read {
                return Ok(());
            }
            state.connecting.push(Connecting {
                answers,
                is_patient: patience.is_some(),
            });
            state.connecting.len() == 1
        };
        if is_first {
            let link = self.clone();
            // Called as those that read no environment: what it starts has the one that the
            // process began with.
            let reader = thread::Builder::new().name(nm_os::LOCK_WAITER.to_owned());
            let reader = reader.stack_size(256 << 10);
            let started = reader.spawn(move || link.connect_and_read());
            if let Err(error) = started {
                let what = "failed to start the thread that listens to the agent";
                let refused = Refused::of(&Error::io(what, error).into());
                self.connected(&Err(refused));
            }
        }
        let asked = Instant::now();
        let mut is_first = true;
        loop {
            let Some(patience) = reborrow(patience) else {
                let answer = connected.recv().unwrap_or(Ok(()));
                return answer.map_err(Refused::error);
            };
            let until = match is_first {
                // What is free can be had, however short the patience is.
                true => patience.until().max(asked + FIRST_ANSWER),
                false => patience.until(),
            };
            let left = until.saturating_duration_since(Instant::now());
            match connected.recv_timeout(left) {
                Ok(Err(refused)) if refused.is_away => is_first = false,
                Ok(answer) => return answer.map_err(Refused::error),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => patience.tick()?,
            }
        }
    }

    fn connect_and_read(self: Arc<Self>) {
        loop {
            match self.agent.connect() {
                Ok(connection) => {
                    let lines = self.take(connection);
                    self.connected(&Ok(()));
                    return self.read(lines);
                }
                Err(failed) => match self.connected(&Err(Refused::of(&failed))) {
                    true => thread::sleep(A_PAUSE),
                    false => return,
                },
            }
        }
    }

    /// Tells those who wait for a connection. Whether somebody goes on: then it is to be tried
    /// again.
    fn connected(&self, how: &std::result::Result<(), Refused>) -> bool {
        let mut state = self.state();
        state.is_read = how.is_ok();
        let away = how.as_ref().err().filter(|refused| refused.is_away);
        state.away = away.map(Refused::line);
        state.connecting.retain(|waiting| {
            // Who does not wait any more asks nothing.
            let listens = waiting.answers.send(how.clone()).is_ok();
            listens && away.is_some() && waiting.is_patient
        });
        !state.connecting.is_empty()
    }

    /// Makes a connection that of all, and says what is to be said there first.
    fn take(&self, connection: Connection) -> Taken {
        let Connection {
            stream,
            lines,
            welcome,
            child,
        } = connection;
        let speaker = Arc::new(Speaker {
            stream,
            turn: Mutex::default(),
        });
        // Before what others say there.
        let turn = speaker.turn();
        let text = {
            let mut state = self.state();
            state.welcome = Some(welcome);
            state.speaker = Some(speaker.clone());
            state.silence = None;
            state.again()
        };
        speaker.say_in(&turn, &text);
        Taken { lines, child }
    }

    /// Asks. Who drops the question loses its answer; a grant is given back then.
    pub(crate) fn ask(
        self: &Arc<Self>,
        at: &Where,
        ask: String,
        token: Option<&Arc<TokenLock>>,
        waits: Option<String>,
    ) -> Result<Question> {
        let (answers, question) = channel();
        let id = self.say(at, ask, token, waits, answers)?;
        Ok(Question {
            id,
            answers: question,
        })
    }

    /// Asks what nobody waits for. What is granted by it is given back: nobody must seem to
    /// listen when the answer comes, however soon that is.
    pub(crate) fn ask_unheard(
        self: &Arc<Self>,
        at: &Where,
        ask: String,
        token: &Arc<TokenLock>,
    ) -> Result<()> {
        let (answers, _) = channel();
        self.say(at, ask, Some(token), None, answers).map(drop)
    }

    /// Says a line whose answers go there; its number.
    fn say(
        self: &Arc<Self>,
        at: &Where,
        ask: String,
        token: Option<&Arc<TokenLock>>,
        waits: Option<String>,
        answers: Sender<Answer>,
    ) -> Result<u64> {
        if ask.len() > LONGEST {
            return Err(Error::new(
                Kind::Io,
                format!(
                    "what is to be said to the agent for this machine has {} bytes, and it takes {LONGEST}",
                    ask.len()
                ),
            ));
        }
        self.welcome()?;
        let (id, line, speaker) = loop {
            let mut state = self.state();
            if !state.is_read {
                drop(state);
                self.connect(&mut None)?;
                continue;
            }
            state.last_id += 1;
            let id = state.last_id;
            let line = asked(id, &at.space, &at.pool, &ask);
            let pending = Pending {
                at: at.clone(),
                ask,
                answers,
                token: token.cloned(),
                waits,
                place: None,
            };
            state.pending.insert(id, pending);
            break (id, line, state.speaker.clone());
        };
        // `None`: it is said to the next agent.
        if let Some(speaker) = speaker {
            speaker.say_in(&speaker.turn(), &line);
        }
        Ok(id)
    }

    /// Why the server does not answer, if that was told.
    pub(crate) fn silence(&self) -> Option<String> {
        self.state().silence.clone()
    }

    /// Where a request is in the line, as far as that was told.
    pub(crate) fn place(&self, id: u64) -> Option<Place> {
        self.state().pending.get(&id)?.place.clone()
    }

    /// Nobody listens for more answers to this; what it is granted nevertheless is given back.
    pub(crate) fn forget(&self, id: u64) {
        self.state().pending.remove(&id);
    }

    /// Changes what is said again of a held name, if it is held.
    pub(crate) fn change<T>(
        &self,
        token: Token,
        name: &str,
        change: impl FnOnce(&mut Held) -> T,
    ) -> Option<T> {
        let mut state = self.state();
        let kept = state.kept(token, name)?;
        Some(change(&mut kept.held))
    }

    /// Changes all that a thread holds under this name: several readers, perhaps.
    pub(crate) fn change_of_thread(
        &self,
        at: &Where,
        name: &str,
        thread: &str,
        mut change: impl FnMut(&mut Held),
    ) -> Vec<Held> {
        let mut state = self.state();
        let kept = state.held.iter_mut().filter(|kept| {
            kept.at == *at && kept.held.name == name && kept.held.who.token == thread
        });
        kept.map(|kept| {
            change(&mut kept.held);
            kept.held.clone()
        })
        .collect()
    }

    /// Why others may have the name by now, if they may.
    pub(crate) fn lost(&self, token: Token, name: &str) -> Option<String> {
        self.state().kept(token, name)?.lost.clone()
    }

    /// Whether others may have anything of this token by now.
    pub(crate) fn is_any_lost(&self, token: Token) -> bool {
        let state = self.state();
        let mut held = state.held.iter();
        held.any(|kept| kept.token.token == token && kept.lost.is_some())
    }

    /// Notes that a name is given back; what is to be asked for that.
    pub(crate) fn release(&self, release: &Release<'_>) -> String {
        let text = json::to_string(release);
        let token = self.state().kept(release.token, release.name).map(|kept| {
            kept.is_over = true;
            kept.token.clone()
        });
        if let Some(token) = token {
            token.note(&text);
        }
        variant("release", &Raw(&text))
    }

    /// The name is not held any more.
    pub(crate) fn released(&self, token: Token, name: &str) {
        self.state()
            .held
            .retain(|kept| kept.token.token != token || kept.held.name != name);
    }

    /// Reads what the agent says, and if that ends, what the next one says.
    fn read(self: &Arc<Self>, first: Taken) {
        let Taken {
            mut lines,
            mut child,
        } = first;
        loop {
            let mut line = Vec::new();
            let read = lines.read_until(b'\n', &mut line);
            if matches!(read, Ok(1..)) && line.ends_with(b"\n") {
                if let Some(told) = json::from_slice::<Told>(&line) {
                    self.told(told);
                    continue;
                }
                // What cannot be read may have been anything: begin anew.
                self.hang_up();
            }
            // If it is our child, it is not to stay as one that nobody asked how it ended.
            if let Some(mut ended) = child.take() {
                let _ = ended.try_wait();
            }
            {
                let mut state = self.state();
                state.speaker = None;
                if state.held.is_empty() && state.pending.is_empty() {
                    state.welcome = None;
                    state.is_read = false;
                    return;
                }
            }
            match self.agent.connect() {
                Ok(connection) => Taken { lines, child } = self.take(connection),
                // What is held is said to the next agent, whoever starts it, or others are lent
                // it: a test that merely holds asks for nothing.
                Err(failed) => match self.give_up(&failed.error) {
                    true => return,
                    false => thread::sleep(A_PAUSE),
                },
            }
        }
    }

    fn hang_up(&self) {
        if let Some(speaker) = &self.state().speaker {
            let _ = speaker.stream.shutdown(Shutdown::Both);
        }
    }

    /// There is no agent any more, and none can be started: whoever asks is told so, and the next
    /// one tries again. Those who wait in a line go on, unless it is for them to mend. Whether
    /// nothing is held or awaited.
    fn give_up(&self, error: &Error) -> bool {
        let why =
            format!("the agent for this machine ended, and no other could be started: {error:?}");
        let fault = Fault {
            kind: match error.is_config() {
                true => FaultKind::Config,
                false => FaultKind::Server,
            },
            message: why.clone(),
            causes: Vec::new(),
        };
        let mut state = self.state();
        state.pending.retain(|_, pending| {
            let goes_on = pending.waits.is_some() && !error.is_config();
            if !goes_on {
                // Who does not listen any more has no need of it.
                let _ = pending.answers.send(Answer::Fault(fault.clone()));
            }
            goes_on
        });
        if state.is_awaited() && state.silence.is_none() {
            notice::say(&format!("{why}; it is tried again\n"));
            state.silence = Some(why);
        }
        let is_over = !state.is_awaited() && state.held.iter().all(|kept| kept.lost.is_some());
        if is_over {
            state.welcome = None;
            state.silence = None;
            state.is_read = false;
        }
        is_over
    }

    fn told(self: &Arc<Self>, told: Told) {
        let Told { id, answer } = told;
        match answer {
            Answer::Lost(lost) => self.are_lost(id, lost),
            Answer::Silence(why) => {
                let mut state = self.state();
                let is_awaited = state.is_awaited();
                if let (Some(why), None, true) = (&why, &state.silence, is_awaited) {
                    notice::say(&format!("{why}\n"));
                    state.end_looks(why);
                }
                state.silence = why;
            }
            // Another agent is to be asked: that is what happens when this one has hung up.
            Answer::Fault(fault) if fault.kind == FaultKind::Agent => self.hang_up(),
            answer => self.answered(id, answer),
        }
    }

    fn answered(self: &Arc<Self>, id: u64, answer: Answer) {
        let mut state = self.state();
        match &answer {
            Answer::Waiting(place) => {
                if let Some(pending) = state.pending.get_mut(&id) {
                    let was = pending.place.replace(place.clone());
                    // Its thread is not woken for what is for people alone.
                    if was.is_none_or(|was| was.reserved != place.reserved) {
                        let _ = pending.answers.send(answer);
                    }
                }
                return;
            }
            Answer::Events(_, false) => {
                if let Some(pending) = state.pending.get(&id) {
                    let _ = pending.answers.send(answer);
                }
                return;
            }
            // To one that goes on waiting.
            Answer::Scene(_) | Answer::Busy if state.is_waiting(id) => {
                if let Some(pending) = state.pending.get(&id) {
                    let _ = pending.answers.send(answer);
                }
                return;
            }
            _ => {}
        }
        let Some(pending) = state.pending.remove(&id) else {
            return;
        };
        if let (Answer::Fault(fault), true) = (&answer, pending.presents()) {
            drop(state);
            return self.refused(&pending, fault);
        }
        let granted = match &answer {
            Answer::Granted(grants) => grants.clone(),
            _ => Vec::new(),
        };
        if let Some(token) = &pending.token {
            for Grant { hold, .. } in &granted {
                state.held.push(Kept {
                    at: pending.at.clone(),
                    token: token.clone(),
                    held: hold.clone(),
                    is_over: false,
                    lost: None,
                });
            }
        }
        drop(state);
        if pending.answers.send(answer).is_err() {
            for Grant { hold, .. } in &granted {
                self.give_back(&pending.at, hold);
            }
        }
    }

    /// An agent does not take over what it was told of, so others will be lent what is held.
    fn refused(&self, presented: &Pending, fault: &Fault) {
        let mut state = self.state();
        let is_there = |token: Token| presented.ask.contains(&token.to_string());
        let held = state.held.iter().filter(|kept| {
            kept.at == presented.at && kept.lost.is_none() && is_there(kept.token.token)
        });
        let leases = held.map(|kept| Pair(kept.token.token, kept.held.name.clone()));
        let leases: Vec<_> = leases.collect();
        state.pending.retain(|_, pending| {
            let waits = pending.waits.is_some() && pending.at == presented.at;
            let token = pending.token.as_ref().map(|token| token.token);
            let is_refused = waits && token.is_some_and(is_there);
            if is_refused {
                // Who does not listen any more has no need of it.
                let _ = pending.answers.send(Answer::Fault(fault.clone()));
            }
            !is_refused
        });
        drop(state);
        let why = fault.message.clone();
        self.are_lost(0, Lost { leases, why });
    }

    /// Gives a name back that nobody has used.
    pub(crate) fn give_back(self: &Arc<Self>, at: &Where, held: &Held) {
        let release = Release {
            token: held.token,
            name: &held.name,
            fence: held.fence,
            after: After {
                state: State::Clean,
                reason: None,
                as_it_was: true,
            },
            durable: false,
        };
        // Not waited for: if there is no agent, nothing is held.
        let _ = self.ask(at, self.release(&release), None, None);
        self.released(held.token, &held.name);
    }

    /// Others may be lent these. Who holds them is told now, and when they end.
    fn are_lost(&self, id: u64, lost: Lost) {
        let Lost { leases, why } = lost;
        let mut state = self.state();
        for Pair(token, name) in leases {
            let Some(kept) = state.kept(token, &name) else {
                continue;
            };
            if kept.lost.is_none() && !name.starts_with('#') {
                notice::say(&format!(
                    "`{}` no longer holds `{name}` of pool `{}`, and others may be lent it: {why}\n",
                    kept.held.who.test, kept.at.pool
                ));
            }
            kept.lost = Some(why.clone());
        }
        state.pending.remove(&id);
    }
}

impl Refused {
    fn of(failed: &NotServed) -> Self {
        let NotServed { error, is_away } = failed;
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        Self {
            kind: error.kind(),
            message: error.to_string(),
            causes: causes.join(": "),
            is_away: *is_away,
        }
    }

    fn line(&self) -> String {
        match self.causes.is_empty() {
            true => self.message.clone(),
            false => format!("{}: {}", self.message, self.causes),
        }
    }

    fn error(self) -> Error {
        let error = Error::new(self.kind, self.message);
        match self.causes.is_empty() {
            true => error,
            false => error.because(self.causes),
        }
    }
}

impl Pending {
    /// Whether it said to the next agent what is held and awaited.
    fn presents(&self) -> bool {
        self.ask.starts_with("{\"present\":")
    }
}

pub(crate) fn reborrow<'s>(
    patience: &'s mut Option<&mut dyn Patience>,
) -> Option<&'s mut dyn Patience> {
    match patience {
        Some(patience) => Some(&mut **patience),
        None => None,
    }
}

/// The writing half of a connection: one line at a time.
#[derive(Debug)]
struct Speaker {
    stream: UnixStream,
    turn: Mutex<()>,
}

impl Speaker {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say_in(&self, _turn: &MutexGuard<'_, ()>, text: &str) {
        // Then the next read fails, too, and what was to be said is said again.
        if (&self.stream).write_all(text.as_bytes()).is_err() {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

/// The reading half of a connection.
struct Taken {
    lines: std::io::BufReader<UnixStream>,
    child: Option<std::process::Child>,
}

impl Known {
    fn is_awaited(&self) -> bool {
        self.pending.values().any(|it| it.waits.is_some())
    }

    /// Answers all looks: the server does not.
    fn end_looks(&mut self, why: &str) {
        self.pending.retain(|_, asked| {
            let is_look = [LOOK, BRIEF].contains(&&*asked.ask);
            if is_look {
                let fault = Fault {
                    kind: FaultKind::Server,
                    message: why.to_owned(),
                    causes: Vec::new(),
                };
                // Who does not listen any more has no need of it.
                let _ = asked.answers.send(Answer::Fault(fault));
            }
            !is_look
        });
    }

    fn is_waiting(&self, id: u64) -> bool {
        self.pending.get(&id).is_some_and(|it| it.waits.is_some())
    }

    fn kept(&mut self, token: Token, name: &str) -> Option<&mut Kept> {
        let mut held = self.held.iter_mut();
        held.find(|kept| kept.token.token == token && kept.held.name == name)
    }

    /// All that an agent is to be told which knows nothing of this process: for each pool
    /// what it holds and waits for, and then what else was asked and not answered.
    fn again(&mut self) -> String {
        // What an earlier agent was told.
        self.pending.retain(|_, it| !it.presents());
        let mut pools: Vec<_> = self.held.iter().map(|kept| kept.at.clone()).collect();
        let waiting = self.pending.values().filter(|it| it.waits.is_some());
        pools.extend(waiting.map(|it| it.at.clone()));
        pools.sort();
        pools.dedup();
        let mut text = String::new();
        for at in pools {
            let of_pool = |kept: &&Kept| kept.at == at && kept.lost.is_none() && !kept.is_over;
            let held: Vec<_> = self.held.iter().filter(of_pool).collect();
            let mut locks: Vec<_> = held
                .iter()
                .map(|kept| Pair(kept.token.token, kept.token.file))
                .collect();
            locks.dedup_by_key(|lock| lock.0);
            let waits = self.pending.iter().filter(|(_, it)| it.at == at);
            let waits = waits.filter_map(|(id, it)| Some(Pair(*id, Raw(it.waits.as_deref()?))));
            let present = Present {
                holds: held.iter().map(|kept| &kept.held).collect(),
                waits: waits.collect(),
                locks,
            };
            let ask = variant("present", &present);
            self.last_id += 1;
            text.push_str(&asked(self.last_id, &at.space, &at.pool, &ask));
            let pending = Pending {
                at,
                ask,
                answers: channel().0,
                token: None,
                waits: None,
                place: None,
            };
            self.pending.insert(self.last_id, pending);
        }
        for (id, pending) in &self.pending {
            if pending.waits.is_none() && !pending.presents() {
                text.push_str(&asked(
                    *id,
                    &pending.at.space,
                    &pending.at.pool,
                    &pending.ask,
                ));
            }
        }
        text
    }
}
