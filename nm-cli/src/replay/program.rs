//! A recorded run, as the acts of each of its threads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nm_runtime::Access;
use nm_runtime::journal::Kind;

use crate::events::spans::{Lease, Wait, WaitEnding};
use crate::replay::crew::{Begin, Shift, in_turn};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Any(usize),
    Name(usize),
    All,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub pool: usize,
    pub wanted: Wanted,
    pub access: Access,
    /// How many names it was lent.
    pub leases: usize,
    /// After how long it was given up instead.
    pub given_up: Option<u64>,
}

/// What a thread does next, this long after the step before.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub pause: u64,
    pub act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Asks, and goes on once the request is granted or given up.
    Ask(usize),
    /// Gives back the nth name of a request.
    GiveBack(usize, usize),
    /// Gives back what was granted to a request that was given up when it was recorded.
    GiveBackAll(usize),
}

impl Act {
    pub fn request(self) -> usize {
        match self {
            Self::Ask(request) | Self::GiveBack(request, _) | Self::GiveBackAll(request) => request,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Thread {
    pub begin: Begin,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Process {
    /// Its run: 0 is the one in question, others were beside it.
    pub run: usize,
    pub begin: Begin,
    pub threads: Vec<Thread>,
}

#[derive(Clone, Debug, Default)]
pub struct Pool {
    name: String,
    /// The size that it had: the names that were lent.
    size: usize,
    pub init: u64,
    pub reset: u64,
    /// The median body.
    pub body: u64,
}

/// A run to be replayed.
#[derive(Clone, Debug)]
pub struct Run {
    pub pools: Vec<Pool>,
    pub requests: Vec<Request>,
    pub processes: Vec<Process>,
    /// How many runs.
    pub runs: usize,
}

/// Longer runs are not replayed: they do not fit in a journal of the usual size.
const MOST: usize = 50_000;

/// Which thread of which process of which run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ThreadId {
    run: String,
    pid: u32,
    token: String,
}

impl ThreadId {
    fn of_lease(lease: &Lease) -> Self {
        Self {
            run: lease.run.clone(),
            pid: lease.pid,
            token: lease.token.clone(),
        }
    }

    fn of_wait(wait: &Wait) -> Self {
        Self {
            run: wait.run.clone(),
            pid: wait.pid,
            token: wait.token.clone(),
        }
    }
}

/// Records a run's leases and waits, and those beside it.
#[derive(Debug, Default)]
pub struct Recorder {
    own: Recorded,
    others: Recorded,
}

#[derive(Debug, Default)]
struct Recorded {
    leases: Vec<Lease>,
    given_up: Vec<Wait>,
    wanted: HashMap<String, String>,
    too_long: bool,
}

impl Recorded {
    fn lease(&mut self, lease: &Lease) {
        if !lease.to_reaper && self.has_room() {
            self.leases.push(lease.clone());
        }
    }

    fn wait(&mut self, wait: &Wait) {
        if wait.of_reaper || !self.has_room() {
            return;
        }
        match wait.ending {
            WaitEnding::Timeout | WaitEnding::Deadlock => self.given_up.push(wait.clone()),
            WaitEnding::Granted | WaitEnding::Open => {
                self.wanted
                    .insert(wait.request.clone(), wait.wanted.clone());
            }
        }
    }

    fn has_room(&mut self) -> bool {
        if self.leases.len() + self.given_up.len() == MOST {
            *self = Self {
                too_long: true,
                ..Self::default()
            };
        }
        !self.too_long
    }
}

impl Recorder {
    pub fn lease(&mut self, lease: &Lease) {
        self.own.lease(lease);
    }

    pub fn wait(&mut self, wait: &Wait) {
        self.own.wait(wait);
    }

    pub fn other_lease(&mut self, lease: &Lease) {
        self.others.lease(lease);
    }

    pub fn other_wait(&mut self, wait: &Wait) {
        self.others.wait(wait);
    }

    /// Whether the run was longer than a replay can be.
    pub fn is_too_long(&self) -> bool {
        self.own.too_long
    }

    /// Whether the runs beside it were.
    pub fn left_others_out(&self) -> bool {
        self.others.too_long
    }

    /// The run, with the names of the pools that have an allocator; `None` if nothing was
    /// recorded.
    pub fn run(self, allocators: &BTreeSet<String>) -> Option<Run> {
        let has_own = !self.own.leases.is_empty() || !self.own.given_up.is_empty();
        let own_run = self.own.leases.first().map(|lease| lease.run.clone());
        let own_run = own_run.or_else(|| Some(self.own.given_up.first()?.run.clone()))?;
        let mut wanted = self.own.wanted;
        wanted.extend(self.others.wanted);
        let leases = [self.own.leases, self.others.leases].concat();
        let given_up = [self.own.given_up, self.others.given_up].concat();
        let names = Names::of(&leases, &given_up, allocators);

        let mut granted: BTreeMap<(ThreadId, String), Vec<Lease>> = BTreeMap::new();
        for lease in leases {
            let key = (ThreadId::of_lease(&lease), lease.request.clone());
            granted.entry(key).or_default().push(lease);
        }
        let mut granted: Vec<_> = granted.into_iter().collect();
        for (_, leases) in &mut granted {
            leases.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
        }
        granted.sort_by_key(|(_, leases)| leases[0].start);
        let mut requests = Vec::with_capacity(granted.len() + given_up.len());
        let mut threads: BTreeMap<ThreadId, Vec<Done>> = BTreeMap::new();
        for ((thread, id), leases) in granted {
            let wanted = wanted.get(&id).map_or("", String::as_str);
            let done = Done::of(requests.len(), &leases);
            threads.entry(thread).or_default().extend(done);
            requests.push(names.request(&leases, wanted));
        }
        for wait in &given_up {
            let done = Done::of_given_up(requests.len(), wait);
            threads
                .entry(ThreadId::of_wait(wait))
                .or_default()
                .extend(done);
            requests.push(names.given_up(wait));
        }
        has_own.then(|| Run {
            pools: names.pools,
            requests,
            ..processes(threads, &own_run)
        })
    }
}
impl Run {
    pub fn pool(&self, name: &str) -> Option<usize> {
        self.pools.iter().position(|pool| pool.name == name)
    }

    pub fn size(&self, pool: usize) -> usize {
        self.pools[pool].size
    }

    fn of_pool(&self, pool: usize) -> impl Iterator<Item = &Request> {
        let requests = self.requests.iter();
        requests.filter(move |request| request.pool == pool)
    }

    /// With fewer names than that, some request could never be granted.
    pub fn least_size(&self, pool: usize) -> usize {
        let least = self.of_pool(pool).map(|request| match request.wanted {
            Wanted::Any(count) => count,
            Wanted::Name(index) => index + 1,
            Wanted::All => 1,
        });
        least.max().unwrap_or(1)
    }

    /// More names than that could not be held at once.
    pub fn most_wanted(&self, pool: usize) -> usize {
        let most = self.of_pool(pool).map(|request| match request.wanted {
            Wanted::Any(count) => count,
            _ => 1,
        });
        let alone = |begin: Begin| matches!(begin, Begin::Alone(_));
        let busy = |process: &Process| {
            let threads = process.threads.iter();
            threads.filter(|thread| alone(thread.begin)).count()
        };
        let threads_of = |run: usize| {
            let processes = || self.processes.iter().filter(|process| process.run == run);
            let at_once = processes().filter(|process| alone(process.begin));
            at_once.count() * processes().map(busy).max().unwrap_or(1)
        };
        let threads: usize = (0..self.runs).map(threads_of).sum();
        threads * most.max().unwrap_or(1)
    }
}

/// The pools and names of a run, by number.
struct Names {
    pools: Vec<Pool>,
    names: Vec<Vec<String>>,
}

impl Names {
    fn of(leases: &[Lease], given_up: &[Wait], allocators: &BTreeSet<String>) -> Self {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for lease in leases {
            names.entry(&lease.pool).or_default().insert(&lease.name);
        }
        for wait in given_up {
            let names = names.entry(&wait.pool).or_default();
            names.extend(given_name(&wait.wanted));
        }
        let pools = names.iter().map(|(pool, names)| Pool {
            name: pool.to_string(),
            size: match allocators.contains(*pool) {
                true => most_at_once(leases, pool),
                false => names.len(),
            }
            .max(1),
            init: median(leases, pool, Kind::Init),
            reset: median(leases, pool, Kind::Reset),
            body: median_body(leases, pool),
        });
        Self {
            pools: pools.collect(),
            names: names
                .values()
                .map(|names| names.iter().map(|name| name.to_string()).collect())
                .collect(),
        }
    }

    fn request(&self, leases: &[Lease], wanted: &str) -> Request {
        let first = &leases[0];
        let is_it = |pool: &Pool| pool.name == first.pool;
        let pool = self.pools.iter().position(is_it).unwrap_or_default();
        // As the engine writes it in the event of a wait; a request that did not wait
        // took the first free names.
        let given = wanted.strip_prefix('`').is_some();
        let all = wanted.starts_with("all ");
        let index = self.names[pool].iter().position(|name| *name == first.name);
        let wanted = match (given, all, index) {
            (true, _, Some(index)) => Wanted::Name(index),
            (_, true, _) => Wanted::All,
            _ => Wanted::Any(leases.len()),
        };
        Request {
            pool,
            wanted,
            access: first.access,
            leases: leases.len(),
            given_up: None,
        }
    }

    fn given_up(&self, wait: &Wait) -> Request {
        let is_it = |pool: &Pool| pool.name == wait.pool;
        let pool = self.pools.iter().position(is_it).unwrap_or_default();
        let given = given_name(&wait.wanted);
        let mut names = self.names[pool].iter();
        let index = given.and_then(|given| names.position(|name| name == given));
        let count = wait
            .wanted
            .split(' ')
            .next()
            .and_then(|count| count.parse().ok());
        let wanted = match index {
            Some(index) => Wanted::Name(index),
            None if wait.wanted.starts_with("all ") => Wanted::All,
            None => Wanted::Any(count.unwrap_or(1)),
        };
        Request {
            pool,
            wanted,
            access: wait.access,
            leases: 0,
            given_up: Some(wait.end - wait.start),
        }
    }
}

/// The name that was wanted, if it was a given one.
fn given_name(wanted: &str) -> Option<&str> {
    wanted.strip_prefix('`')?.split('`').next()
}

/// The most names that were held at once.
fn most_at_once(leases: &[Lease], pool: &str) -> usize {
    let leases = leases.iter().filter(|lease| lease.pool == pool);
    // At equal times, what was given back comes first.
    let mut changes: Vec<(u64, i64)> = leases
        .flat_map(|lease| {
            [
                (lease.start, 1),
                (lease.end.max(lease.start.saturating_add(1)), -1),
            ]
        })
        .collect();
    changes.sort_unstable();
    let held = changes.into_iter().scan(0, |held, (_, change)| {
        *held += change;
        Some(*held)
    });
    held.max().unwrap_or(0) as usize
}

fn median_body(leases: &[Lease], pool: &str) -> u64 {
    let of_pool = leases.iter().filter(|lease| lease.pool == pool);
    let mut bodies: Vec<_> = of_pool
        .map(|lease| {
            let hooks = lease.hooks.iter().map(|hook| hook.end - hook.start);
            (lease.end - lease.start).saturating_sub(hooks.fold(0, u64::saturating_add))
        })
        .collect();
    bodies.sort_unstable();
    bodies.get(bodies.len() / 2).copied().unwrap_or(0)
}

fn median(leases: &[Lease], pool: &str, kind: Kind) -> u64 {
    let of_pool = leases.iter().filter(|lease| lease.pool == pool);
    let hooks = of_pool.flat_map(|lease| &lease.hooks);
    let of_kind = hooks.filter(|hook| hook.kind == kind && !hook.failed);
    let mut lengths: Vec<_> = of_kind.map(|hook| hook.end - hook.start).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

/// Something that a thread did, from its beginning until the thread went on.
struct Done {
    from: u64,
    until: u64,
    /// How much of the time after it was hooks, which a replay recomputes.
    hooks: u64,
    act: Act,
}

impl Done {
    fn of(request: usize, leases: &[Lease]) -> Vec<Self> {
        let granted = leases.iter().map(|lease| lease.start).max().unwrap_or(0);
        let waited = leases[0].waited;
        let hooks = leases.iter().flat_map(|lease| &lease.hooks);
        let mut dones = vec![Self {
            from: leases[0].start.saturating_sub(waited),
            until: granted,
            hooks: hooks
                .map(|hook| hook.end - hook.start)
                .fold(0, u64::saturating_add),
            act: Act::Ask(request),
        }];
        dones.extend(leases.iter().enumerate().map(|(nth, lease)| Self {
            from: lease.end.max(granted),
            until: lease.end.max(granted),
            hooks: 0,
            act: Act::GiveBack(request, nth),
        }));
        dones
    }

    fn of_given_up(request: usize, wait: &Wait) -> [Self; 2] {
        let done = |from, act| Self {
            from,
            until: wait.end,
            hooks: 0,
            act,
        };
        [
            done(wait.start, Act::Ask(request)),
            done(wait.end, Act::GiveBackAll(request)),
        ]
    }
}

/// The processes of each run in turn, the one in question first.
fn processes(threads: BTreeMap<ThreadId, Vec<Done>>, own_run: &str) -> Run {
    let mut runs: BTreeMap<(bool, String), BTreeMap<u32, Vec<_>>> = BTreeMap::new();
    for (id, dones) in threads {
        if let Some(steps) = steps(dones) {
            let run = runs.entry((id.run != own_run, id.run)).or_default();
            run.entry(id.pid).or_default().push(steps);
        }
    }
    let runs: Vec<Vec<_>> = runs
        .into_values()
        .map(|run| run.into_values().map(process).collect())
        .collect();
    let starts = runs.iter().flatten().map(|(shift, _)| shift.start);
    let first = starts.min().unwrap_or(0);
    let mut processes = Vec::new();
    let count = runs.len();
    for (run, work) in runs.into_iter().enumerate() {
        let start = work.iter().map(|(shift, _)| shift.start).min();
        let after = start.unwrap_or(first) - first;
        for (begin, threads) in in_turn(work) {
            processes.push(Process {
                run,
                begin: match begin {
                    Begin::Alone(since) => Begin::Alone(after.saturating_add(since)),
                    Begin::After(_) => begin,
                },
                threads,
            });
        }
    }
    Run {
        pools: Vec::new(),
        requests: Vec::new(),
        runs: count,
        processes,
    }
}

/// What a thread did, as pauses and acts; `None` if it did nothing.
fn steps(mut dones: Vec<Done>) -> Option<(Shift, Vec<Step>)> {
    // A stable sort: at equal times the order stays.
    dones.sort_by_key(|done| done.from);
    let start = dones.first()?.from;
    let end = dones.iter().map(|done| done.until).max()?;
    let mut last = start;
    let mut hooks = 0;
    let steps = dones.into_iter().map(|done| {
        let pause = done.from.saturating_sub(last).saturating_sub(hooks);
        hooks = done.hooks;
        last = done.until.max(last);
        Step {
            pause,
            act: done.act,
        }
    });
    Some((Shift { start, end }, steps.collect()))
}

fn process(threads: Vec<(Shift, Vec<Step>)>) -> (Shift, Vec<Thread>) {
    let starts = threads.iter().map(|(shift, _)| shift.start);
    let ends = threads.iter().map(|(shift, _)| shift.end);
    let whole = Shift {
        start: starts.min().unwrap_or(0),
        end: ends.max().unwrap_or(0),
    };
    let threads = in_turn(threads).into_iter();
    let threads = threads.map(|(begin, steps)| Thread { begin, steps });
    (whole, threads.collect())
}
