//! A recorded run, as the acts of each of its threads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nm_runtime::Access;
use nm_runtime::journal::Kind;

use crate::events::spans::{Lease, Wait};
use crate::replay::crew::{Begin, Shift, in_turn};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Any(usize),
    Name(usize),
    All,
}

/// One request that was granted.
#[derive(Clone, Debug)]
pub struct Request {
    pub pool: usize,
    pub wanted: Wanted,
    pub access: Access,
    /// How many names it was lent.
    pub leases: usize,
}

/// What a thread does next, this long after the step before.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub pause: u64,
    pub act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Asks, and goes on once the request is granted.
    Ask(usize),
    /// Gives back the nth name of a request.
    GiveBack(usize, usize),
}

#[derive(Clone, Debug)]
pub struct Thread {
    pub begin: Begin,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Process {
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
}

/// A run to be replayed.
#[derive(Clone, Debug)]
pub struct Run {
    pub pools: Vec<Pool>,
    pub requests: Vec<Request>,
    pub processes: Vec<Process>,
}

/// Longer runs are not replayed: they do not fit in a journal of the usual size.
const MOST: usize = 50_000;

/// Records a run's leases and waits.
#[derive(Debug, Default)]
pub struct Recorder {
    leases: Vec<Lease>,
    wanted: HashMap<String, String>,
    too_long: bool,
}

impl Recorder {
    pub fn lease(&mut self, lease: &Lease) {
        if self.leases.len() == MOST {
            self.too_long = true;
            self.leases.clear();
            self.wanted.clear();
        }
        if !self.too_long {
            self.leases.push(lease.clone());
        }
    }

    pub fn wait(&mut self, wait: &Wait) {
        if !self.too_long {
            self.wanted
                .insert(wait.request.clone(), wait.wanted.clone());
        }
    }

    /// Whether the run was longer than a replay can be.
    pub fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// The run; `None` if nothing was recorded.
    pub fn run(self) -> Option<Run> {
        let names = Names::of(&self.leases);
        let mut requests: BTreeMap<(u32, String), Vec<Lease>> = BTreeMap::new();
        for lease in self.leases {
            let key = (lease.pid, lease.request.clone());
            requests.entry(key).or_default().push(lease);
        }
        let mut requests: Vec<_> = requests.into_iter().collect();
        for (_, leases) in &mut requests {
            leases.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
        }
        requests.sort_by_key(|(_, leases)| leases[0].start);
        let mut all = Vec::with_capacity(requests.len());
        let mut threads: BTreeMap<(u32, String), Vec<Done>> = BTreeMap::new();
        for ((pid, id), leases) in requests {
            let wanted = self.wanted.get(&id).map_or("", String::as_str);
            let request = all.len();
            let thread = threads.entry((pid, leases[0].token.clone())).or_default();
            thread.extend(Done::of(request, &leases));
            all.push(names.request(&leases, wanted));
        }
        let mut processes: BTreeMap<u32, Vec<(Shift, Vec<Step>)>> = BTreeMap::new();
        for ((pid, _), dones) in threads {
            processes.entry(pid).or_default().push(steps(dones)?);
        }
        let processes = processes.into_values().map(process).collect();
        let processes = in_turn(processes).into_iter();
        let processes = processes.map(|(begin, threads)| Process { begin, threads });
        let processes: Vec<_> = processes.collect();
        (!processes.is_empty()).then_some(Run {
            pools: names.pools,
            requests: all,
            processes,
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
        let at_once = self.processes.iter().filter(|process| alone(process.begin));
        let threads = self.processes.iter().map(busy).max().unwrap_or(1);
        at_once.count() * threads * most.max().unwrap_or(1)
    }
}

/// The pools and names of a run, by number.
struct Names {
    pools: Vec<Pool>,
    names: Vec<Vec<String>>,
}

impl Names {
    fn of(leases: &[Lease]) -> Self {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for lease in leases {
            names.entry(&lease.pool).or_default().insert(&lease.name);
        }
        let pools = names.iter().map(|(pool, names)| Pool {
            name: pool.to_string(),
            size: names.len(),
            init: median(leases, pool, Kind::Init),
            reset: median(leases, pool, Kind::Reset),
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
        }
    }
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
