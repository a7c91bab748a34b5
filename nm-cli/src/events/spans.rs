//! Turns events into spans of time: leases, the hooks within them, and waits.

use std::collections::{HashMap, HashSet};

use nm_runtime::journal::{Event, Kind, Phase};
use nm_runtime::record::State;
use nm_runtime::{Access, Error};

use crate::events::extent::Extent;

/// A name's time with one holder.
#[derive(Clone, Debug)]
pub struct Lease {
    pub pool: String,
    pub name: String,
    pub run: String,
    /// The id of its request, which may have been for several names.
    pub request: String,
    pub test: String,
    /// Whether it was lent to its run's reaper, to be cleaned up.
    pub to_reaper: bool,
    pub token: String,
    pub pid: u32,
    /// Its machine, if several share the pool.
    pub host: Option<String>,
    pub location: String,
    pub access: Access,
    pub start: u64,
    pub end: u64,
    pub waited: u64,
    pub ending: Ending,
    pub hooks: Vec<Hook>,
}

/// How a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not, up to the end of the journal.
    Open,
    Released(State),
    /// The holder ended, or its name was lost; seen by the next one only.
    Died,
}

/// `init`, `reset` or `cleanup` of a name.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    pub kind: Kind,
    pub start: u64,
    pub end: u64,
    pub failed: bool,
}

/// A request's time until it was granted or given up.
#[derive(Clone, Debug)]
pub struct Wait {
    pub pool: String,
    pub run: String,
    pub request: String,
    pub test: String,
    pub of_reaper: bool,
    pub token: String,
    pub pid: u32,
    /// Its machine, if several share the pool.
    pub host: Option<String>,
    pub location: String,
    pub wanted: String,
    pub access: Access,
    pub start: u64,
    pub end: u64,
    pub ending: WaitEnding,
    /// How much of it passed while a reaper cleaned up names of the pool, or tore it down.
    pub in_cleanup: u64,
    /// How much of it passed while other runs held names of the pool.
    pub beside_others: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnding {
    /// It has not, up to the end of the journal.
    Open,
    Granted,
    Timeout,
    Deadlock,
}

#[derive(Clone, Debug)]
pub enum Span {
    Lease(Lease),
    Wait(Wait),
    /// A lease or a wait of another run, which overlaps with the run.
    OtherLease(Lease),
    OtherWait(Wait),
    /// A hook outside any lease: by the reaper, or of the pool.
    Hook {
        pool: String,
        hook: Hook,
    },
}

/// Reads events in their order, and passes on the spans of one run and of those beside
/// it, or of all runs, as they end. `is_held` is asked of other runs' leases that have not
/// ended by the end of the journal.
pub fn read(
    events: impl Iterator<Item = Result<Event, Error>>,
    run: Option<&Extent>,
    is_held: impl Fn(&Lease) -> bool,
    mut add: impl FnMut(Span),
) -> Result<(), Error> {
    let mut builder = Builder::default();
    let mut others = Others::default();
    for event in events {
        let event = event?;
        let pool = builder.pool(&event.pool);
        pool.reaping.add(&event);
        match run {
            Some(run) if event.holder.run != run.run => {
                pool.others.add(&event);
                if let Some(span) = others.add(event, run) {
                    add(span);
                }
            }
            _ => {
                if let Some(span) = builder.add(event) {
                    add(span);
                }
            }
        }
    }
    if let Some(run) = run {
        others.finish(run, is_held).into_iter().for_each(&mut add);
    }
    builder.finish().into_iter().for_each(add);
    Ok(())
}

#[derive(Default)]
struct Builder {
    pools: HashMap<String, Pool>,
    last: u64,
}

/// The spans of other runs.
#[derive(Default)]
struct Others {
    builder: Builder,
    /// The last event of each: a lease that nobody saw the end of did not end before that.
    last: HashMap<String, u64>,
}

impl Others {
    fn add(&mut self, event: Event, run: &Extent) -> Option<Span> {
        match self.last.get_mut(&event.holder.run) {
            Some(last) => *last = event.time.max(*last),
            None => {
                self.last.insert(event.holder.run.clone(), event.time);
            }
        }
        other(self.builder.add(event)?, run)
    }

    fn finish(self, run: &Extent, is_held: impl Fn(&Lease) -> bool) -> Vec<Span> {
        let end_of =
            |of: &str, start: u64| self.last.get(of).map_or(start, |last| *last).max(start);
        let spans = self.builder.finish().into_iter().map(|span| match span {
            Span::Lease(mut lease) => {
                lease.end = match is_held(&lease) {
                    true => run.end.max(lease.start),
                    false => end_of(&lease.run, lease.start),
                };
                Span::Lease(lease)
            }
            Span::Wait(mut wait) => {
                wait.end = end_of(&wait.run, wait.start);
                Span::Wait(wait)
            }
            span => span,
        });
        spans.filter_map(|span| other(span, run)).collect()
    }
}

/// The span as one beside the run; `None` if it was not.
fn other(span: Span, run: &Extent) -> Option<Span> {
    match span {
        Span::Lease(lease) if run.overlaps(lease.start, lease.end) => Some(Span::OtherLease(lease)),
        Span::Wait(wait) if run.overlaps(wait.start, wait.end) => Some(Span::OtherWait(wait)),
        _ => None,
    }
}

#[derive(Default)]
struct Pool {
    /// By request.
    leases: HashMap<String, Vec<Lease>>,
    waits: HashMap<String, Wait>,
    /// By name: the request that has it, or of readers the last one.
    held: HashMap<String, String>,
    /// By name, or `None` for the pool's own.
    hooks: HashMap<Option<String>, Hook>,
    reaping: Reaping,
    others: HeldByOthers,
}

/// The time in which something was under way in a pool.
struct Meter<T> {
    under_way: HashSet<T>,
    /// Altogether, until then.
    total: u64,
    until: u64,
}

impl<T> Default for Meter<T> {
    fn default() -> Self {
        Self {
            under_way: HashSet::new(),
            total: 0,
            until: 0,
        }
    }
}

impl<T> Meter<T> {
    fn turn_to(&mut self, time: u64) {
        self.total = self.total_at(time);
        self.until = self.until.max(time);
    }

    fn total_at(&self, time: u64) -> u64 {
        match self.under_way.is_empty() {
            true => self.total,
            false => self.total + time.saturating_sub(self.until),
        }
    }
}

/// Reapers, of whichever run: by name, or `None` for the pool, what is being cleaned up or
/// torn down.
#[derive(Default)]
struct Reaping(Meter<Option<String>>);

impl Reaping {
    fn add(&mut self, event: &Event) {
        self.0.turn_to(event.time);
        match event.kind {
            Kind::Cleanup | Kind::Teardown if event.phase == Some(Phase::Started) => {
                if event.holder.is_reaper() {
                    self.0.under_way.insert(event.name.clone());
                }
            }
            Kind::Waiting | Kind::Timeout | Kind::Deadlock => {}
            // Also by the next holder after a reaper that died.
            Kind::Setup | Kind::Teardown => {
                self.0.under_way.remove(&None);
            }
            _ => {
                self.0.under_way.remove(&event.name);
            }
        }
    }
}

/// Names that tests of other runs hold: by name and thread.
#[derive(Default)]
struct HeldByOthers(Meter<(String, String)>);

impl HeldByOthers {
    fn add(&mut self, event: &Event) {
        let Some(name) = &event.name else { return };
        self.0.turn_to(event.time);
        let held = (name.clone(), event.holder.token.clone());
        match event.kind {
            Kind::Acquired if !event.holder.is_reaper() => {
                self.0.under_way.insert(held);
            }
            Kind::Released | Kind::Lost | Kind::Died => {
                self.0.under_way.remove(&held);
            }
            _ => {}
        }
    }
}

impl Builder {
    fn pool(&mut self, pool: &str) -> &mut Pool {
        if !self.pools.contains_key(pool) {
            self.pools.insert(pool.to_owned(), Pool::default());
        }
        self.pools.get_mut(pool).expect("it was just put there")
    }

    fn add(&mut self, event: Event) -> Option<Span> {
        self.last = self.last.max(event.time);
        self.pool(&event.pool).add(event)
    }

    /// The spans that have not ended, up to the last event.
    fn finish(self) -> Vec<Span> {
        let mut spans = Vec::new();
        for pool in self.pools.into_values() {
            let leases = pool.leases.into_values().flatten();
            spans.extend(leases.map(|lease| {
                Span::Lease(Lease {
                    end: self.last.max(lease.start),
                    ..lease
                })
            }));
            let reaping = pool.reaping.0.total_at(self.last);
            let others = pool.others.0.total_at(self.last);
            spans.extend(pool.waits.into_values().map(|wait| {
                Span::Wait(Wait {
                    end: self.last.max(wait.start),
                    in_cleanup: reaping.saturating_sub(wait.in_cleanup),
                    beside_others: others.saturating_sub(wait.beside_others),
                    ..wait
                })
            }));
        }
        spans
    }
}

impl Pool {
    fn add(&mut self, event: Event) -> Option<Span> {
        let time = event.time;
        match event.kind {
            Kind::Waiting => {
                let reaper = event.holder.is_reaper();
                let wait = Wait {
                    location: location(&event),
                    pool: event.pool,
                    run: event.holder.run,
                    request: event.id.clone(),
                    test: event.holder.test,
                    of_reaper: reaper,
                    token: event.holder.token,
                    pid: event.holder.pid,
                    host: event.holder.host.clone(),
                    access: event.access.unwrap_or(Access::Exclusive),
                    wanted: event.detail.unwrap_or_default(),
                    start: time,
                    end: time,
                    ending: WaitEnding::Open,
                    // Until it ends, how much there was before. A reaper's own wait for a
                    // name is not counted.
                    in_cleanup: match reaper {
                        true => u64::MAX,
                        false => self.reaping.0.total,
                    },
                    beside_others: self.others.0.total_at(time),
                };
                self.waits.insert(event.id, wait);
                None
            }
            Kind::Timeout => self.end_wait(&event.id, time, WaitEnding::Timeout),
            Kind::Deadlock => self.end_wait(&event.id, time, WaitEnding::Deadlock),
            Kind::Acquired => {
                let waited = self.end_wait(&event.id, time, WaitEnding::Granted);
                self.begin(event);
                waited
            }
            Kind::Released => {
                let state = event.state.unwrap_or_default();
                let name = event.name?;
                self.end(&name, &event.id, time, Ending::Released(state))
            }
            Kind::Lost => {
                let name = event.name?;
                self.end(&name, &event.id, time, Ending::Died)
            }
            Kind::Died => {
                let name = event.name?;
                let request = self.request_of(&name, &event.holder.token)?;
                self.end(&name, &request, time, Ending::Died)
            }
            _ => self.hook(event),
        }
    }

    fn begin(&mut self, event: Event) {
        let location = location(&event);
        let to_reaper = event.holder.is_reaper();
        let Some(name) = event.name else { return };
        self.held.insert(name.clone(), event.id.clone());
        let lease = Lease {
            location,
            pool: event.pool,
            name,
            run: event.holder.run,
            request: event.id.clone(),
            test: event.holder.test,
            to_reaper,
            token: event.holder.token,
            pid: event.holder.pid,
            host: event.holder.host,
            access: event.access.unwrap_or(Access::Exclusive),
            start: event.time,
            end: event.time,
            waited: event.waited.unwrap_or(0),
            ending: Ending::Open,
            hooks: Vec::new(),
        };
        self.leases.entry(event.id).or_default().push(lease);
    }

    fn end(&mut self, name: &str, request: &str, time: u64, ending: Ending) -> Option<Span> {
        let leases = self.leases.get_mut(request)?;
        let at = leases.iter().position(|lease| lease.name == name)?;
        let mut lease = leases.swap_remove(at);
        if leases.is_empty() {
            self.leases.remove(request);
        }
        // A clock set back makes no lease shorter than zero, or than its hooks.
        let hooks = lease.hooks.iter().map(|hook| hook.end);
        lease.end = hooks.fold(time.max(lease.start), u64::max);
        lease.ending = ending;
        Some(Span::Lease(lease))
    }

    fn end_wait(&mut self, request: &str, time: u64, ending: WaitEnding) -> Option<Span> {
        let mut wait = self.waits.remove(request)?;
        wait.end = time.max(wait.start);
        wait.ending = ending;
        wait.in_cleanup = self.reaping.0.total.saturating_sub(wait.in_cleanup);
        let others = self.others.0.total_at(wait.end);
        wait.beside_others = others.saturating_sub(wait.beside_others);
        Some(Span::Wait(wait))
    }

    /// The request by which this thread has the name. The events of its death and
    /// of hooks do not say.
    fn request_of(&self, name: &str, token: &str) -> Option<String> {
        let is_it = |lease: &&Lease| lease.name == name && lease.token == token;
        let last = self.held.get(name)?;
        let last_leases = self.leases.get(last).into_iter().flatten();
        let mut leases = last_leases.chain(self.leases.values().flatten());
        leases.find(is_it).map(|lease| lease.request.clone())
    }

    fn hook(&mut self, event: Event) -> Option<Span> {
        let failed = match event.phase? {
            Phase::Started => {
                let hook = Hook {
                    kind: event.kind,
                    start: event.time,
                    end: event.time,
                    failed: false,
                };
                self.hooks.insert(event.name, hook);
                return None;
            }
            Phase::Done => false,
            Phase::Failed => true,
        };
        let mut hook = self.hooks.remove(&event.name)?;
        hook.end = event.time.max(hook.start);
        hook.failed = failed;
        if let Some(name) = &event.name
            && let Some(request) = self.request_of(name, &event.holder.token)
            && let Some(leases) = self.leases.get_mut(&request)
            && let Some(lease) = leases.iter_mut().find(|lease| lease.name == *name)
        {
            hook.start = hook.start.max(lease.start);
            hook.end = hook.end.max(hook.start);
            lease.hooks.push(hook);
            return None;
        }
        Some(Span::Hook {
            pool: event.pool,
            hook,
        })
    }
}

/// Where the holder stands in the source, as `file:line`.
fn location(event: &Event) -> String {
    match event.holder.file.is_empty() {
        true => String::new(),
        false => format!("{}:{}", event.holder.file, event.holder.line),
    }
}
