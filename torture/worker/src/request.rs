//! Asking, holding and giving back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use name_manager::{Error, Lease, Request};
use torture::history::{Ask, Event, How};

use crate::task::Task;
use crate::{fate, menu, order, seen};

/// The pool that an allocator decides on: no deadlock in which it takes part is found,
/// since only the allocator knows what would satisfy a request.
pub const DECIDED: &str = "ports";

/// The pool whose hooks are commands. One thread of a process asks for it, so that it is
/// known for which request a hook is called.
pub const TOOL: &str = "tool";

/// What a body that panics throws.
pub struct OnPurpose;

/// Asks as often as it is told to.
pub fn work(task: &'static Task) {
    thread::scope(|scope| {
        for thread in 0..task.threads.max(1) {
            let seed = task.seed ^ (u64::from(std::process::id()) << 20) ^ u64::from(thread);
            scope.spawn(move || {
                let pools = task.pools.iter();
                let may_ask = |(pool, _): &&Pool| thread == 0 || pool != TOOL;
                let mut worker = Worker {
                    task,
                    pools: pools.filter(may_ask).cloned().collect(),
                    random: Rng::with_seed(seed),
                    began: false,
                };
                for _ in 0..task.requests / u64::from(task.threads.max(1)) {
                    if task.is_over() {
                        break;
                    }
                    worker.one(0);
                }
            });
        }
    });
}

type Pool = (String, Option<u32>);

struct Worker {
    task: &'static Task,
    pools: Vec<Pool>,
    random: Rng,
    /// Whether it has asked for anything yet.
    began: bool,
}

impl Worker {
    /// One request, or several at once.
    fn one(&mut self, depth: u32) {
        let pools = &self.pools;
        let random = &mut self.random;
        let mut asks = Vec::new();
        if depth == 0 && random.u32(0..100) < 8 {
            for (pool, max) in pools {
                if random.bool() || pool == DECIDED {
                    continue;
                }
                let mut ask = menu::ask(random, pool, *max, false);
                // One that fails at once would let the others try in vain.
                ask.how = How::Within(self.task.patience.as_nanos() as u64);
                asks.push(ask);
            }
        }
        if asks.is_empty() {
            // Often the names that have a life come first: a run's first have to
            // make them.
            let life = pools.iter().position(|(pool, _)| pool == "life");
            let at = match life {
                Some(life) if !self.began && random.bool() => life,
                _ => random.usize(0..pools.len()),
            };
            self.began = true;
            let (pool, max) = match &pools[at] {
                // A holder waits for none, and waits for nothing while it holds one.
                (pool, _) if depth > 0 && pool == DECIDED => &pools[0],
                pool => pool,
            };
            asks.push(menu::ask(random, pool, *max, depth > 0));
        }
        let Some(leases) = acquire(&asks) else {
            return;
        };
        fate::at("body");
        self.hold();
        let may_wait = asks.iter().all(|ask| ask.pool != DECIDED);
        if may_wait && depth < 2 && self.random.u32(0..100) < 4 {
            self.one(depth + 1);
        }
        self.give_back(&asks, leases);
    }

    fn hold(&mut self) {
        let long = self.random.u32(0..1000) < self.task.long;
        let hold = self.task.hold;
        thread::sleep(match self.random.u32(0..100) {
            _ if long => Duration::from_millis(self.random.u64(1100..1500)),
            0..30 => Duration::ZERO,
            30..97 => Duration::from_micros(self.random.u64(0..hold)),
            _ => Duration::from_micros(self.random.u64(hold..8 * hold)),
        });
    }

    fn give_back(&mut self, asks: &[Ask], leases: Vec<Vec<Lease>>) {
        let way = self.random.u32(0..100);
        let dirty = way >= 86;
        for (ask, leases) in asks.iter().zip(leases) {
            seen::write(Event::Releases {
                r: ask.r,
                of: None,
                dirty,
            });
            match way {
                0..40 => {
                    for lease in leases {
                        if let Err(error) = lease.release() {
                            failed(ask, &error);
                        }
                    }
                }
                40..86 => drop(leases),
                86..93 => {
                    leases.iter().for_each(Lease::mark_dirty);
                    drop(leases);
                }
                _ => panic_with(leases),
            }
            seen::write(Event::Released(ask.r));
        }
    }
}

fn panic_with(leases: Vec<Lease>) {
    let body = move || {
        let _leases = leases;
        panic_any(OnPurpose);
    };
    let thrown: Result<(), Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(body));
    assert!(thrown.is_err_and(|thrown| thrown.is::<OnPurpose>()));
}

/// Asks, and writes down what came of it. Several are asked for at once.
pub fn acquire(asks: &[Ask]) -> Option<Vec<Vec<Lease>>> {
    for ask in asks {
        seen::write(Event::Ask(ask.clone()));
    }
    order::begin(in_turn(asks));
    let outcome = call(asks);
    order::end();
    match outcome {
        Ok(Some(leases)) => {
            for (ask, leases) in asks.iter().zip(&leases) {
                let lease = |lease: &Lease| (lease.name().to_owned(), Some(lease.fence()));
                seen::write(Event::Granted {
                    r: ask.r,
                    leases: leases.iter().map(lease).collect(),
                    holder: None,
                    of: None,
                });
            }
            Some(leases)
        }
        Ok(None) => {
            gave_up(&asks[0], "busy");
            None
        }
        Err(error) => {
            asks.iter().for_each(|ask| failed(ask, &error));
            None
        }
    }
}

fn call(asks: &[Ask]) -> Result<Option<Vec<Vec<Lease>>>, Error> {
    match asks {
        [ask] => {
            let request = menu::request(ask)?;
            let leases = match ask.how {
                How::Try => request.try_acquire()?,
                How::Within(_) => Some(request.acquire()?),
            };
            Ok(leases.map(|leases| vec![leases]))
        }
        _ => {
            let requests = asks.iter().map(menu::request);
            Request::acquire_all(requests.collect::<Result<_, _>>()?).map(Some)
        }
    }
}

/// Scarce pools last: as the library takes several.
fn in_turn(asks: &[Ask]) -> Vec<u64> {
    let max = |ask: &Ask| match ask.pool.as_str() {
        // Its allocator alone knows.
        DECIDED => u32::MAX,
        pool => crate::task::get().max(pool).unwrap_or(u32::MAX),
    };
    let mut asks: Vec<_> = asks.iter().collect();
    asks.sort_by_key(|ask| (std::cmp::Reverse(max(ask)), ask.pool.clone()));
    asks.into_iter().map(|ask| ask.r).collect()
}

fn gave_up(ask: &Ask, why: &str) {
    seen::write(Event::GaveUp {
        r: ask.r,
        why: why.to_owned(),
    });
}

/// Writes down why a request was granted nothing.
pub fn failed(ask: &Ask, error: &Error) {
    let text = format!("{error:?}").replace('\n', " ");
    match error {
        error if error.is_timeout() => gave_up(ask, "timeout"),
        error if error.is_deadlock() => gave_up(ask, "deadlock"),
        error if error.is_already_held() => gave_up(ask, "held"),
        // It counts as a hook.
        _ if text.contains("the process that cleans up after the run") => gave_up(ask, "reaper"),
        error if error.is_hook() => gave_up(ask, "hook"),
        error if error.is_broken() => gave_up(ask, "broken"),
        _ => seen::write(Event::Error { r: ask.r, text }),
    }
}
