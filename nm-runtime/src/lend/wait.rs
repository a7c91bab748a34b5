//! One request's wait: its deadline, its notices, and how it ends.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use nm_words::key;

use crate::backend::Backend;
use crate::backend::ask::Ask;
use crate::backend::missing_code;
use crate::backend::patience::Patience;
use crate::backend::snapshot::Snapshot;
use crate::base::error::{Error, Kind, Result};
use crate::base::{caller, clock, notice, text};
use crate::lend::crowd::{Part, Turn};
use crate::lend::deadlock::{Cycle, Watch};
use crate::lend::gate::Permit;
use crate::lend::held::{self, HeldName};
use crate::lend::hook_time::{self, HookTime, Waited};
use crate::lend::live::Live;
use crate::lend::occupancy;
use crate::terms::access::Access;
use crate::terms::event::{self, Entry};
use crate::terms::record::{Record, State, Waiting};

const FIRST_NOTICE: Duration = Duration::from_secs(1);
const NEXT_NOTICE: Duration = Duration::from_secs(30);
/// How often the journal is looked into while hooks put a deadline off.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The wait, as the request's backend asks it.
pub(crate) struct Wait<'a> {
    ask: &'a Ask<'a>,
    backend: &'a dyn Backend,
    started: Instant,
    timeout: Duration,
    /// Where `Cargo.toml` would say more of the pool.
    header: Option<&'a str>,
    /// What hooks of others took of it, when this was last asked.
    hooks: Duration,
    /// Whatever the deadline, they are not asked about again before this.
    look_again: Option<Instant>,
    /// The process lacks code of the pool. Looked up when it blocks: what is granted at
    /// once, the backend refuses.
    refusal: Option<Error>,
    /// When it came into the pool, by the clock of the journal: before, the pool was
    /// being set up or cleaned up.
    entered: u64,
    next_notice: Instant,
    /// Among those of this process that wait for the pool.
    crowd: Option<Part>,
    live: Option<Live>,
    /// What the thread holds while it asks for more.
    held: Vec<HeldName>,
    /// Set once the request is blocked, rather than merely made.
    blocked: Option<Watch>,
    /// The names are granted, and only made ready.
    granted: bool,
    /// The pool as it was seen last.
    seen: RefCell<Snapshot>,
}

impl<'a> Wait<'a> {
    /// Refuses at once a request whose wait would never end.
    pub(crate) fn new(
        ask: &'a Ask<'a>,
        backend: &'a dyn Backend,
        timeout: Duration,
        header: Option<&'a str>,
    ) -> Result<Self> {
        let started = Instant::now();
        let wait = Self {
            ask,
            backend,
            started,
            timeout,
            header,
            hooks: Duration::ZERO,
            look_again: None,
            refusal: None,
            entered: 0,
            next_notice: started + FIRST_NOTICE,
            crowd: None,
            live: None,
            held: held::by(&ask.holder.token),
            blocked: None,
            granted: false,
            seen: RefCell::default(),
        };
        wait.refuse_what_is_held()?;
        Ok(wait)
    }

    fn refuse_what_is_held(&self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let here = |held: &&HeldName| held.backend.key() == self.backend.key();
        let mut own = self.held.iter().filter(here);
        let (held, taken) = match &self.ask.want.name {
            Some(wanted) => match own.find(|own| *own.name == **wanted) {
                Some(held) => (held, "that very name".to_owned()),
                None => return Ok(()),
            },
            None => {
                let own: Vec<_> = own.collect();
                match (own.first(), self.ask.names.capacity()) {
                    (Some(held), Some(capacity)) if capacity - own.len() < self.ask.count => {
                        (*held, format!("{} of {capacity}", own.len()))
                    }
                    _ => return Ok(()),
                }
            }
        };
        let instead = match key::attribute_of(self.ask.pool) {
            None => "use that lease, or ask for all at once with `count`".to_owned(),
            Some(attribute) => format!("write `#[{attribute}]` on the test that holds it, too"),
        };
        let (pool, name) = (self.ask.pool, &held.name);
        let (holder, asker) = (held.holder.test(), &*self.ask.holder.test);
        // A test that calls another runs it on its own thread.
        let asker = match holder == asker {
            true => String::new(),
            false => format!(", as `{asker}` does on the same thread,"),
        };
        Err(Error::new(
            Kind::AlreadyHeld,
            format!(
                "`{holder}` already holds `{name}` of pool `{pool}` ({taken}), so waiting for {} more{asker} would never end; {instead}",
                self.ask.count
            ),
        ))
    }

    /// Waits for room in this process.
    pub(crate) fn enter_gate(&self) -> Result<Permit> {
        if !self.held.is_empty() || !self.backend.keeps_files_open() {
            return Ok(Permit::unlimited());
        }
        let permit = Permit::wait(self.ask.count as u64, self.deadline());
        permit.ok_or_else(|| {
            Error::new(
                Kind::Timeout,
                format!(
                    "timed out after {} waiting for pool `{}`: this process already has as many requests under way as its limit of open files allows; raise it (ulimit -n) or run fewer tests at once",
                    humantime::format_duration(self.timeout), self.ask.pool
                ),
            )
        })
    }

    fn deadline(&self) -> Instant {
        // A timeout beyond what the clock can represent is no timeout.
        let forever = Duration::from_secs(1 << 32);
        let deadline = self.started + self.timeout.min(forever) + self.hooks;
        self.look_again.map_or(deadline, |look| look.max(deadline))
    }

    /// While this does its work, the request waits for the pool, rather than for names.
    pub(crate) fn outside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.entered = u64::MAX;
        let done = work(self);
        self.entered = clock::now();
        done
    }

    /// While this does its work, the request has its names: nothing that it waits for is
    /// part of a deadlock cycle.
    pub(crate) fn granted<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.granted = true;
        let done = work(self);
        self.granted = false;
        done
    }

    /// Whether it may be part of a deadlock cycle.
    fn is_in_the_way(&self) -> bool {
        !self.held.is_empty() && !self.granted
    }

    /// Puts the deadline off by what hooks of others took; false if it has come. Looked
    /// up only when it comes: nobody else needs to know.
    fn put_off(&mut self, now: Instant) -> bool {
        // Of a pool with hooks, nothing is lent to processes without them.
        if !self.ask.has_hooks {
            return false;
        }
        let Ok(told) = self.hook_time(now) else {
            return false;
        };
        self.hooks = told.time;
        self.look_again = told.goes_on.then(|| now + LOOK_AGAIN);
        self.deadline() > now
    }

    fn hook_time(&self, now: Instant) -> Result<HookTime> {
        let snapshot = self.backend.snapshot(self.backend.key())?;
        let snapshot = snapshot.unwrap_or_default();
        let is_broken = |record: &Record| {
            let in_this_run = record.broken_in.as_deref() == Some(&*self.ask.holder.run);
            record.state == State::Broken && in_this_run
        };
        // An allocator's names are in no list.
        let capacity = match self.ask.decide {
            Some(_) => None,
            None => self.ask.names.capacity(),
        };
        let mut names = Vec::new();
        if let Some(name) = &self.ask.want.name {
            names.push(name.clone());
        } else if let Some(capacity) = capacity {
            for index in 0..capacity {
                if let Some(name) = self.ask.names.get(index) {
                    names.push(name.into_owned());
                }
            }
        } else {
            for seen in &snapshot.names {
                // Whatever it waits for is held.
                if !seen.holders.is_empty() {
                    names.push(seen.name.clone());
                }
            }
        }
        let broken = snapshot.names.iter().filter(|seen| {
            names.contains(&seen.name) && seen.record.as_ref().is_some_and(is_broken)
        });
        let missing = self.ask.count + broken.count();
        let until = clock::now();
        let since = until.saturating_sub((now - self.started).as_micros() as u64);
        let waited = Waited {
            spare: names.len().saturating_sub(missing),
            names,
            token: &self.ask.holder.token,
            since,
            entered: self.entered,
            until,
        };
        hook_time::of(&waited, self.backend.events(since)?)
    }

    /// Does not count this time, in which it did not wait.
    pub(crate) fn pause(&mut self, time: Duration) {
        self.started += time;
        self.next_notice += time;
    }

    fn log(&self, kind: event::Kind, detail: &str) {
        let waited = self.started.elapsed().as_micros() as u64;
        let request = self.ask.request.text();
        let entry = Entry {
            name: self.ask.want.name.as_deref(),
            detail: Some(detail),
            waited: (kind != event::Kind::Waiting).then_some(waited),
            access: Some(self.ask.want.access),
            ..Entry::new(kind, self.ask.pool, &request, self.ask.holder)
        };
        self.backend.log(&entry);
    }

    /// `a name`, `2 names`, `db-0`, with `to share`.
    fn wanted(&self) -> String {
        let what = match (&self.ask.want.name, self.ask.count) {
            (Some(name), _) => format!("`{name}`"),
            (None, 1) => "a name".to_owned(),
            (None, count) if Some(count) == self.ask.names.capacity() => {
                format!("all {count} names")
            }
            (None, count) => format!("{count} names"),
        };
        match self.ask.want.access {
            Access::Exclusive => what,
            Access::Shared => format!("{what} to share"),
        }
    }

    fn crowd(&mut self) -> &Part {
        let join = || Part::join(self.ask.holder.pid, self.backend.key(), self.started);
        self.crowd.get_or_insert_with(join)
    }

    /// One line for each holder in the way, as far as can be seen.
    fn occupants(&self) -> Vec<String> {
        let unseen = match self.backend.recent() {
            Ok(snapshot) => {
                self.seen.replace(snapshot.unwrap_or_default());
                None
            }
            // Who held what a moment ago says more than nothing.
            Err(error) => Some(error),
        };
        let snapshot = self.seen.borrow();
        let ahead = self.backend.ahead(self.ask, snapshot.head.as_ref());
        let mut lines = occupancy::of(&snapshot, &ahead, self.ask);
        lines.extend(unseen.map(|error| error.to_string()));
        lines
    }

    /// What stands in the way if nothing that does can be seen.
    fn unseen(&self) -> &'static str {
        match self.ask.decide {
            Some(_) => "told by the pool's allocator that there is no room",
            None => "queued behind others",
        }
    }

    fn in_one_line(&self) -> String {
        let occupants = match self.occupants() {
            occupants if occupants.is_empty() => self.unseen().to_owned(),
            occupants => occupants.join("; "),
        };
        format!(
            "waiting {} for {} of pool `{}`: {occupants}",
            text::seconds(self.started.elapsed()),
            self.wanted(),
            self.ask.pool,
        )
    }

    /// Says so for all of this process that wait for the pool, unless another has.
    fn say_that_it_waits(&mut self, now: Instant) {
        let (count, since) = match self.crowd().turn(now, NEXT_NOTICE) {
            Turn::Wait(next) => {
                self.next_notice = next;
                return;
            }
            Turn::Speak { count, since } => (count, since),
        };
        self.next_notice = now + NEXT_NOTICE;
        let mut text = format!(
            "`{}` has waited {} for {} of pool `{}`",
            self.ask.holder.test,
            text::seconds(self.started.elapsed()),
            self.wanted(),
            self.ask.pool,
        );
        if count > 1 {
            text.push_str(&format!(
                "; {count} requests of this process wait for it, the first for {}",
                text::seconds(now.saturating_duration_since(since))
            ));
        }
        text.push('\n');
        let occupants = self.occupants();
        for line in &occupants {
            text.push_str(&format!("    {line}\n"));
        }
        if occupants.is_empty() {
            text.push_str(&format!("    it is {}\n", self.unseen()));
        }
        notice::say(&text);
    }

    fn timed_out(&self) -> Error {
        self.log(event::Kind::Timeout, &self.wanted());
        let pool = self.ask.pool;
        let held = match self.occupants() {
            occupants if occupants.is_empty() => self.unseen().to_owned(),
            occupants => occupants.join("; "),
        };
        let hooks = match self.hooks.as_millis() {
            0 => String::new(),
            _ => format!(", not counting {} of hooks,", text::seconds(self.hooks)),
        };
        let there = self
            .header
            .map_or(String::new(), |header| format!("under {header}"));
        let longer = match (caller::get(), &*there) {
            (Some(_), "") => "use `--timeout`, or set NAME_MANAGER_WAIT_TIMEOUT".to_owned(),
            (Some(_), _) => format!(
                "use `--timeout`, or set `wait_timeout` {there}, or NAME_MANAGER_WAIT_TIMEOUT"
            ),
            (None, "") => {
                "set `wait_timeout` in the attribute, or NAME_MANAGER_WAIT_TIMEOUT".to_owned()
            }
            (None, _) => format!(
                "set `wait_timeout` in the attribute or {there}, or NAME_MANAGER_WAIT_TIMEOUT"
            ),
        };
        Error::new(
            Kind::Timeout,
            format!(
                "timed out after {}{hooks} waiting for {} of pool `{pool}` ({held}); to wait longer, {longer}",
                humantime::format_duration(self.timeout),
                self.wanted(),
            ),
        )
    }

    fn deadlocked(&self, cycle: &Cycle) -> Error {
        let instead = match key::attribute_of(self.ask.pool) {
            None => "ask for all of them before the body instead, one `#[shared_resource(..)]` for each pool on each of these tests".to_owned(),
            Some(attribute) => format!(
                "write all keys in one attribute instead, `#[{attribute}(one, other)]`, on each of these tests, or take them in the same order everywhere"
            ),
        };
        let message = format!("deadlock: {}; {instead}", cycle.describe());
        self.log(event::Kind::Deadlock, &message);
        Error::new(Kind::Deadlock, message)
    }
}

impl Patience for Wait<'_> {
    fn blocked(&mut self) {
        if self.blocked.is_none() {
            self.blocked = Some(Watch::new(Instant::now()));
            self.crowd();
            self.log(event::Kind::Waiting, &self.wanted());
            held::publish(&self.held, Some(&self.ask.waiting(self.backend.key())));
            let code = self.backend.code();
            let refused = code.and_then(|code| missing_code::refuse(self.ask, &code));
            self.refusal = refused.err();
        }
    }

    fn beside(&mut self, reserved: bool) {
        let beside = Waiting {
            queued: false,
            reserved: Some(reserved),
            ..self.ask.waiting(self.backend.key())
        };
        held::publish(&self.held, Some(&beside));
    }

    fn until(&self) -> Instant {
        if self.refusal.is_some() {
            return Instant::now();
        }
        let mut until = self.next_notice.min(self.deadline());
        if let (Some(watch), true) = (&self.blocked, self.is_in_the_way()) {
            until = until.min(watch.next());
        }
        until
    }

    fn tick(&mut self) -> Result<()> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        let now = Instant::now();
        if now >= self.deadline() && !self.put_off(now) {
            return Err(self.timed_out());
        }
        if self.is_in_the_way()
            && let Some(watch) = &mut self.blocked
            && watch.next() <= now
            && let Some(cycle) = watch.look(&self.ask.holder.token, &self.held, self.backend, now)
        {
            return Err(self.deadlocked(&cycle));
        }
        if now >= self.next_notice {
            match self.live.take().or_else(Live::begin) {
                Some(live) => {
                    self.next_notice = now + FIRST_NOTICE;
                    live.show(&self.in_one_line());
                    self.live = Some(live);
                }
                None => self.say_that_it_waits(now),
            }
        }
        Ok(())
    }

    fn waited(&self) -> Option<Duration> {
        self.blocked.is_some().then(|| self.started.elapsed())
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.blocked.is_some() {
            held::publish(&self.held, None);
        }
    }
}
