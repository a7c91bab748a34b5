//! All that is asked of the server beside beats, one thing after the other.

use std::time::Duration;

use nm_postgres::{Connection, Error, Page};
use nm_register::{Due, Seen, Tag};
use tokio::time::{sleep, timeout};

use crate::agent::{Agent, Hints, Journal, Part};
use crate::clock;
use crate::draw;
use crate::fault;
use crate::link::Link;
use crate::locks::Left;
use crate::pool::{Doubt, Key, Pool, Statement};
use crate::wire::Answer;

/// How often a pool that somebody waits for is looked at. Whether anybody here was served: often
/// where hints do not come, so that half of it is all that a hand-over takes longer; and seldom
/// where they do, as one gets lost only with its connection, or is not sent because somebody else
/// has filled the server's queue of them. And whoever is silent in it, or has just started.
const POLL: Duration = Duration::from_millis(25);
const SELDOM: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(1);

/// Of a change that cannot be made for a reason that does not pass by itself.
const PAUSE: Duration = Duration::from_secs(1);

/// How often what an earlier agent left is tried to be read after such a failure: for less than the
/// shortest lease.
const ADOPTS: u32 = 4;

/// After a lost swap a row is locked, and whenever it is changed for so long: otherwise those that
/// are nearer would win for ever, and most looks at a pool that many use be for nothing.
const CONTENDED: Duration = Duration::from_secs(1);

/// No answer comes after that. What waits for a standby may take long.
const LONGEST: Duration = Duration::from_secs(10);

/// The events of one line: fewer cost a long journal more round trips, more would keep all else
/// waiting.
const PAGE: usize = 2000;

/// How many events of a project are kept, and for how long.
const EVENTS: u32 = 100_000;
const DAYS: u16 = 30;

/// When and how often old events are removed.
const PRUNED: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(3600));

/// Why something could not be asked.
enum Failed {
    /// Somebody keeps the row locked.
    Locked,
    /// The connection is of no use any more.
    Cut,
    /// The server said so.
    Error(Error),
}

/// Asks for as long as the agent lives.
pub(crate) async fn run(agent: Agent, link: Link) {
    let mut server = Server {
        said_over: 0,
        polled_at: Duration::ZERO,
        prune_at: clock::now() + PRUNED.0,
        reads_next: false,
        adopts_failed: 0,
        agent,
    };
    loop {
        let agent = server.agent.clone();
        let is_alive = {
            let state = agent.state();
            state.is_born && !state.beats.is_dead()
        };
        let Some(pair) = link.pair().filter(|_| is_alive) else {
            agent.work.notified().await;
            continue;
        };
        match server.step(&pair.work, pair.number).await {
            Ok(None) => {}
            Ok(Some(wait)) => tokio::select! {
                () = sleep(wait) => {}
                () = agent.work.notified() => {}
            },
            Err(_) => {
                link.lose(pair.number);
                agent.work.notified().await;
            }
        }
    }
}

/// What has become of a transaction in which a row is locked.
enum InLock {
    /// It is over.
    Over,
    /// It is to be rolled back.
    Open,
    /// The same; and something is due that is not to be done in it.
    Due,
}

struct Server {
    agent: Agent,
    /// The connections over which all was said again.
    said_over: u64,
    polled_at: Duration,
    prune_at: Duration,
    /// A page of a journal is read before the next pool is changed.
    reads_next: bool,
    /// How often what an earlier agent left could not be read.
    adopts_failed: u32,
}

impl Server {
    /// The next thing to do; or how long there is none.
    async fn step(
        &mut self,
        connection: &Connection,
        number: u64,
    ) -> Result<Option<Duration>, Failed> {
        let agent = self.agent.clone();
        match self.adopt(connection).await {
            Err(Failed::Error(_)) => {
                sleep(PAUSE).await;
                return Ok(None);
            }
            adopted => adopted?,
        }
        if self.said_over != number || agent.state().must_say_again() {
            if self.say_again(connection).await? {
                self.said_over = number;
                // Behind a pooler a process that is gone may have acknowledged the last beat.
                if agent.state().must_say_again() {
                    agent.beat.notify_one();
                    return Ok(Some(POLL));
                }
            }
            return Ok(None);
        }
        // Before what is to be changed: that may have to wait for others.
        let hinted: Vec<Key> = {
            let state = agent.state();
            let hinted = state.pools.iter().filter(|(_, pool)| pool.is_hinted);
            hinted.map(|(key, _)| key.clone()).collect()
        };
        if !hinted.is_empty() {
            self.glance(connection, &hinted).await?;
            return Ok(None);
        }
        let time = clock::now();
        let (next, mut until) = {
            let mut state = agent.state();
            let own = state.session;
            let mut until = Duration::MAX;
            let mut next = None;
            for (key, pool) in &mut state.pools {
                let looks =
                    pool.is_awaited() || time < pool.looks_until && pool.is_worth_a_look(own);
                if looks && time >= pool.read_at + LOOK {
                    pool.forget_page();
                    pool.dirty = true;
                } else if looks {
                    until = until.min(pool.read_at + LOOK);
                }
                if pool.dirty && time >= pool.not_before {
                    // In turn: the one that was looked at longest ago.
                    let before = next.as_ref().is_none_or(|(at, _)| pool.read_at < *at);
                    if before {
                        next = Some((pool.read_at, key.clone()));
                    }
                } else if pool.dirty {
                    until = until.min(pool.not_before);
                }
            }
            (next, until)
        };
        // Page by page, and in turn with all else: nobody waits for a long journal.
        let journal = match next.is_none() || self.reads_next {
            true => agent.state().next_journal(),
            false => None,
        };
        self.reads_next = journal.is_none();
        if let Some(journal) = journal {
            self.journal(connection, journal).await?;
            return Ok(None);
        }
        if let Some((_, key)) = next {
            self.turn(connection, &key).await?;
            return Ok(None);
        }
        self.try_hints(connection).await?;
        if let Some(polls) = self.poll(connection, time).await? {
            until = until.min(polls);
        }
        if time >= self.prune_at {
            self.prune_at = time + PRUNED.1;
            match self.call(connection.prune(EVENTS, DAYS)).await {
                // Somebody else does it, or nobody may.
                Err(Failed::Error(_)) | Ok(()) => {}
                Err(cut) => return Err(cut),
            }
        }
        let wait = until.saturating_sub(clock::now());
        let has_dirty = agent.state().pools.values().any(|pool| pool.dirty);
        let now = clock::now();
        let is_due = has_dirty && until <= now;
        Ok((!is_due).then_some(wait.min(Duration::from_secs(3600))))
    }

    /// Asks something, and waits for the answer.
    async fn call<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Failed> {
        let most = LONGEST.max(self.agent.state().lease);
        let answered = tokio::select! {
            answered = timeout(most, answer) => answered,
            () = self.agent.cut.notified() => return Err(Failed::Cut),
        };
        match answered {
            Ok(Ok(answer)) => {
                self.agent.state().heard();
                Ok(answer)
            }
            Ok(Err(error)) if !fault::is_cut(&error) => Err(Failed::Error(error)),
            _ => Err(Failed::Cut),
        }
    }

    /// Takes over what an earlier agent of this machine left. What the server fails is to be tried
    /// again.
    async fn adopt(&mut self, connection: &Connection) -> Result<(), Failed> {
        let left = self.agent.state().left.clone();
        let tokens = [&left.held[..], &left.gone].concat();
        if tokens.is_empty() {
            return Ok(());
        }
        // What cannot be read is left to those who present themselves.
        let pools = match self.call(connection.pools_of(&tokens)).await {
            Err(Failed::Error(error)) if !self.tries_again(&error) => Vec::new(),
            pools => pools?,
        };
        let mut pages = Vec::new();
        for key in pools {
            match self.call(connection.read(&key.0, &key.1)).await {
                Err(Failed::Error(error)) if !self.tries_again(&error) => {}
                page => pages.push((key, page?)),
            }
        }
        // All at once: what is tried again is not to be taken over twice.
        for (key, page) in pages {
            if !self.heed(&key, page) {
                return Ok(());
            }
            let mut state = self.agent.state();
            let adopted = state.pool(key).adopt(&left, clock::now());
            state.orphans.extend(adopted);
        }
        let mut state = self.agent.state();
        state.left = Left::default();
        for (token, _) in left.released.keys() {
            if left.gone.contains(token) || state.locks.is_free(*token) {
                state.forget(*token);
            }
        }
        self.agent.orphan.notify_one();
        Ok(())
    }

    /// Whether what has failed so may be had later. Not for ever: all else waits for it.
    fn tries_again(&mut self, error: &Error) -> bool {
        let tries = fault::may_pass(error) && self.adopts_failed < ADOPTS;
        self.adopts_failed += u32::from(tries);
        tries
    }

    /// Says to a process of the server all that is held; whether it has all been said.
    async fn say_again(&self, connection: &Connection) -> Result<bool, Failed> {
        let session = self.agent.state().session;
        let (start, entries) = match self.call(connection.entries(session)).await {
            Ok(found) => found,
            Err(Failed::Error(error)) => {
                let fault = fault::of_server(&error);
                let may_pass = fault::may_pass(&error);
                self.agent.state().fail(&fault, may_pass);
                sleep(PAUSE).await;
                return Ok(false);
            }
            Err(cut) => return Err(cut),
        };
        let keys: Vec<Key> = {
            let mut state = self.agent.state();
            state.heard_from = Some(start);
            for key in &entries {
                state.pool(key.clone());
            }
            let keys = state.pools.iter_mut().filter_map(|(key, pool)| {
                if pool.is_idle() && !entries.contains(key) {
                    pool.set_said(start);
                }
                (!pool.is_said_to(start)).then(|| key.clone())
            });
            keys.collect()
        };
        for key in keys {
            loop {
                let wait = {
                    let mut state = self.agent.state();
                    if state.heard_from != Some(start) || state.beats.is_dead() {
                        return Ok(false);
                    }
                    let pool = state.pool(key.clone());
                    if pool.is_said_to(start) {
                        break;
                    }
                    pool.not_before
                };
                sleep(wait.saturating_sub(clock::now())).await;
                // It is said with the first change that can be made, and is not to cost all else.
                if !self.turn(connection, &key).await? {
                    break;
                }
            }
        }
        self.agent.state().beats.said_again(start);
        Ok(true)
    }

    /// Reads a pool if it must be, and changes it; false if it cannot be now.
    async fn turn(&self, connection: &Connection, key: &Key) -> Result<bool, Failed> {
        let is_contended = {
            let mut state = self.agent.state();
            let time = clock::now();
            let pool = state.pool(key.clone());
            pool.dirty = false;
            if std::mem::take(&mut pool.is_hinted) {
                pool.forget_page();
            }
            let was_overtaken = pool.overtaken_at.is_some_and(|at| time < at + CONTENDED);
            // A look is a look, whoever else changes the pool.
            pool.overtaken > 0 || was_overtaken && pool.has_changes()
        };
        let done = match is_contended {
            true => self.locked(connection, key).await,
            false => self.change(connection, key).await,
        };
        let done = match done {
            Ok(()) => self.look_back(connection, key).await,
            failed => failed,
        };
        let mut state = self.agent.state();
        let done = match done {
            Err(Failed::Error(error)) => {
                let fault = fault::of_server(&error);
                let until = clock::now() + PAUSE;
                let pool = state.pool(key.clone());
                pool.forget_page();
                pool.fail(&fault, fault::may_pass(&error));
                pool.not_before = until;
                pool.dirty = !pool.is_idle();
                Ok(false)
            }
            Err(Failed::Locked) => {
                let pool = state.pool(key.clone());
                pool.dirty = true;
                // Meanwhile others have their turns.
                pool.not_before = clock::now() + PAUSE;
                Ok(false)
            }
            Err(Failed::Cut) => Err(Failed::Cut),
            Ok(()) => Ok(true),
        };
        state.tell_all();
        done
    }

    /// Says of names that were given back, and not held any more, whether an earlier agent has
    /// released them.
    async fn look_back(&self, connection: &Connection, key: &Key) -> Result<(), Failed> {
        loop {
            let doubt = self.agent.state().pool(key.clone()).doubts.pop();
            let Some(doubt) = doubt else {
                return Ok(());
            };
            let Doubt { to, name, fence } = &doubt;
            let released = connection.was_released(&key.0, &key.1, name, *fence);
            let answer = match self.call(released).await {
                Ok(true) => Answer::Done,
                Ok(false) => Answer::Gone,
                Err(Failed::Error(error)) => Answer::Fault(fault::of_server(&error)),
                Err(cut) => {
                    self.agent.state().pool(key.clone()).doubts.push(doubt);
                    return Err(cut);
                }
            };
            self.agent.state().tell(*to, answer);
        }
    }

    async fn change(&self, connection: &Connection, key: &Key) -> Result<(), Failed> {
        let must_read = self.agent.state().pool(key.clone()).must_read();
        if must_read {
            let page = self.read(connection, key).await?;
            if !self.heed(key, page) {
                return Ok(());
            }
        }
        let tag = Tag(self.draw()?);
        let statement = {
            let mut state = self.agent.state();
            let now = state.now();
            state.pool(key.clone()).statement(&now, tag)
        };
        let Some(statement) = statement else {
            return self.log(connection, key).await;
        };
        if statement.is_void {
            let mut state = self.agent.state();
            let now = state.now();
            state.pool(key.clone()).done(statement, &now);
            return Ok(());
        }
        let swapped = self.call(connection.swap(&statement.swap(key))).await;
        self.swapped(key, statement, swapped)
    }

    /// The same, with the row locked meanwhile.
    async fn locked(&self, connection: &Connection, key: &Key) -> Result<(), Failed> {
        // Whatever comes of it, the next try is without, unless there is more to change soon.
        self.agent.state().pool(key.clone()).overtaken = 0;
        match self.in_lock(connection, key).await {
            Ok(InLock::Over) => Ok(()),
            Ok(InLock::Open) => {
                self.call(connection.roll_back()).await?;
                self.log(connection, key).await
            }
            Ok(InLock::Due) => {
                self.call(connection.roll_back()).await?;
                self.agent.state().pool(key.clone()).forget_page();
                self.change(connection, key).await
            }
            Err(Failed::Error(_)) => {
                self.call(connection.roll_back()).await?;
                Err(Failed::Locked)
            }
            Err(cut) => Err(cut),
        }
    }

    async fn in_lock(&self, connection: &Connection, key: &Key) -> Result<InLock, Failed> {
        let page = self.call(connection.lock(&key.0, &key.1)).await?;
        let due = {
            let mut state = self.agent.state();
            state.observe(key, &page.look, clock::now())
        };
        if !due.is_empty() {
            return Ok(InLock::Due);
        }
        if !self.heed(key, page) {
            return Ok(InLock::Open);
        }
        let tag = Tag(self.draw()?);
        let statement = {
            let mut state = self.agent.state();
            let now = state.now();
            state.pool(key.clone()).statement(&now, tag)
        };
        let Some(statement) = statement else {
            return Ok(InLock::Open);
        };
        if statement.is_void {
            let mut state = self.agent.state();
            let now = state.now();
            state.pool(key.clone()).done(statement, &now);
            return Ok(InLock::Open);
        }
        let swapped = self
            .call(connection.swap_locked(&statement.swap(key)))
            .await;
        self.swapped(key, statement, swapped)?;
        Ok(InLock::Over)
    }

    /// Takes in what has become of a change.
    fn swapped(
        &self,
        key: &Key,
        statement: Statement,
        swapped: Result<bool, Failed>,
    ) -> Result<(), Failed> {
        let mut state = self.agent.state();
        let now = state.now();
        let pool = state.pool(key.clone());
        match swapped {
            Ok(true) => pool.done(statement, &now),
            Ok(false) => pool.overtaken(statement, now.time),
            Err(failed) => {
                pool.unknown(statement);
                return Err(failed);
            }
        }
        Ok(())
    }

    fn draw(&self) -> Result<u128, Failed> {
        draw::id().map_err(|error| {
            eprintln!("the agent ends: failed to draw a random number: {error}");
            self.agent.end.notify_one();
            Failed::Cut
        })
    }

    /// Takes in a page; whether this session lives.
    fn heed(&self, key: &Key, page: Page) -> bool {
        let mut state = self.agent.state();
        let own = page.look.sessions.get(&state.session);
        if own == Some(&Seen::Dead) {
            drop(state);
            self.agent.bury();
            return false;
        }
        state.heard_from = Some(page.look.start);
        let now = state.now();
        state.pool(key.clone()).heed(page, &now);
        // Who was granted something does not wait for what others of this machine change.
        state.tell_all();
        true
    }

    /// Reads a pool, and does what is due.
    async fn read(&self, connection: &Connection, key: &Key) -> Result<Page, Failed> {
        let page = self.call(connection.read(&key.0, &key.1)).await?;
        let due = {
            let mut state = self.agent.state();
            state.observe(key, &page.look, clock::now())
        };
        if due.is_empty() {
            return Ok(page);
        }
        for due in due {
            match due {
                Due::Server { was, row } => {
                    self.call(connection.replace_server(was, row)).await?;
                }
                Due::Bury(session, seen) => {
                    self.call(connection.bury(session, seen)).await?;
                }
            }
        }
        self.call(connection.read(&key.0, &key.1)).await
    }

    /// Sees to it that hints come once somebody waits, and finds out whether they do.
    async fn try_hints(&self, connection: &Connection) -> Result<(), Failed> {
        let (session, number, hints) = {
            let mut state = self.agent.state();
            let is_awaited = state.pools.values().any(Pool::is_awaited);
            let hints = state.hints;
            match hints {
                Hints::No if is_awaited => {
                    state.hints = Hints::Wanted;
                    self.agent.listen.notify_one();
                }
                Hints::Asked | Hints::Heard => state.hints = Hints::Tried,
                _ => {}
            }
            (state.session, state.connections, hints)
        };
        let tried = match hints {
            // Over the other connection: behind a pooler that has another process of the server,
            // or both have the same, which tells the one that asks.
            Hints::Asked => self.call(connection.echo(session, number)).await,
            Hints::Heard => self.call(connection.hears(session)).await,
            _ => return Ok(()),
        };
        match (hints, tried) {
            (Hints::Heard, Ok(())) => {
                let mut state = self.agent.state();
                if state.hints == Hints::Tried && state.connections == number {
                    state.hints = Hints::Come;
                }
                Ok(())
            }
            (_, Err(Failed::Error(_)) | Ok(())) => Ok(()),
            (_, Err(cut)) => Err(cut),
        }
    }

    /// Looks whether anybody was served in pools that are awaited; when to look again.
    async fn poll(
        &mut self,
        connection: &Connection,
        time: Duration,
    ) -> Result<Option<Duration>, Failed> {
        let (pools, interval) = {
            let state = self.agent.state();
            let awaited = state.pools.iter().filter(|(_, pool)| pool.is_awaited());
            let pools: Vec<Key> = awaited.map(|(key, _)| key.clone()).collect();
            let interval = match state.hints {
                Hints::Come => SELDOM,
                _ => POLL,
            };
            (pools, interval)
        };
        if pools.is_empty() {
            return Ok(None);
        }
        if time < self.polled_at + interval {
            return Ok(Some(self.polled_at + interval));
        }
        let served = self.glance(connection, &pools).await?;
        self.polled_at = clock::now();
        let again = self.polled_at + interval;
        Ok(Some(served.map_or(again, |read_at| read_at.min(again))))
    }

    /// Looks whether anybody was served in these pools, and tells them; when the first of them is
    /// to be read, if one is.
    async fn glance(
        &self,
        connection: &Connection,
        pools: &[Key],
    ) -> Result<Option<Duration>, Failed> {
        let (session, tokens) = {
            let mut state = self.agent.state();
            let mut tokens = Vec::new();
            for key in pools {
                let pool = state.pool(key.clone());
                pool.is_hinted = false;
                tokens.extend(pool.awaited());
            }
            (state.session, tokens)
        };
        let glances = connection.glance(pools, &tokens, session);
        match self.call(glances).await {
            Ok(glances) => Ok(self.agent.state().heed_glances(glances)),
            // Whoever reads the pool is told.
            Err(Failed::Error(_)) => Ok(None),
            Err(cut) => Err(cut),
        }
    }

    /// Writes events that no change has carried.
    async fn log(&self, connection: &Connection, key: &Key) -> Result<(), Failed> {
        let events = self.agent.state().pool(key.clone()).take_events();
        match events.is_empty() {
            true => Ok(()),
            false => self.call(connection.append(&key.0, &key.1, &events)).await,
        }
    }

    /// Reads a page of a journal.
    async fn journal(&self, connection: &Connection, mut journal: Journal) -> Result<(), Failed> {
        let Journal { to, part, .. } = journal;
        let (space, pool) = &journal.key;
        let page = async {
            match part {
                Part::From { time, after } => {
                    connection.events(space, pool, time, after, PAGE).await
                }
                Part::Last(most) => {
                    let most = PAGE.min(most as usize);
                    connection.last_events(space, pool, most).await
                }
            }
        };
        let page = match self.call(page).await {
            Ok(page) => page,
            Err(Failed::Error(error)) => {
                let fault = fault::of_server(&error);
                self.agent.state().tell(to, Answer::Fault(fault));
                return Ok(());
            }
            Err(cut) => {
                self.agent.state().journals.push_front(journal);
                return Err(cut);
            }
        };
        let last = match &mut journal.part {
            Part::From { after, .. } => {
                *after = page.last().map_or(*after, |(number, _)| *number);
                page.len() < PAGE
            }
            Part::Last(_) => true,
        };
        let events = page.into_iter().map(|(_, event)| event).collect();
        let mut state = self.agent.state();
        state.tell(to, Answer::Events { events, last });
        if !last && state.is_there(to.client) {
            state.journals.push_back(journal);
        }
        Ok(())
    }
}
