//! What happens to this process at failpoints.

use std::env;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use torture::history::Event;

use crate::task;
use crate::{order, seen};

struct Fate {
    random: fastrand::Rng,
    /// Where to die, and after how many more times there.
    dies: Option<(&'static str, u32)>,
    jitter: u32,
}

static FATE: OnceLock<Mutex<Fate>> = OnceLock::new();

/// Where workers die, as often as each stands here.
const OF_WORKERS: [&str; 59] = [
    // Waiters, at the head of the queue or not.
    "line: announced",
    "line: ticket made",
    "line: ticket locked",
    "line: ticket locked",
    "line: drawn",
    "line: drawn",
    "line: waits",
    "line: waits",
    "line: waits",
    "line: first",
    "queue: locked by the first in line",
    "head: listens",
    "head: waits",
    "head: waits",
    "head: woken",
    "given name: reserved",
    "given name: reserved",
    "given name: first to get it",
    "given name: locked",
    // Processes that are being granted a name, make it ready, or give it back.
    "queue: locked",
    "name: locked",
    "name: locked",
    "grant: taken",
    "grant: taken",
    "grant: recorded",
    "grant: recorded",
    "grant: journalled",
    "grant: journalled",
    "queue: to be left",
    "queue: unlocked",
    "share: alone still",
    "share: shared",
    "share: lost",
    "run: joined",
    "run: has a reaper",
    "init: to be taken down first",
    "init: recorded",
    "init: half done",
    "init: half done",
    "init: half done",
    "hook: done",
    "hook: half done",
    "hook: half done",
    "release: begun",
    "release: journalled",
    "release: recorded",
    "release: unlocked",
    "release: woken",
    // Holders.
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
    "body",
];

/// What happens once in a life, and not a second time.
const ONCE: [&str; 5] = [
    "init: to be taken down first",
    "init: recorded",
    "init: half done",
    "run: joined",
    "run: has a reaper",
];

const OF_REAPERS: [&str; 13] = [
    "reaper: stands by",
    "reaper: runner has ended",
    "reaper: run is over",
    "reaper: has a name",
    "hook: half done",
    "reaper: cleaned a name",
    "reaper: recorded it",
    "reaper: cleaned the names",
    "reaper: tears down",
    "grant: recorded",
    "grant: journalled",
    "reaper: all cleaned",
    "release: recorded",
];

/// Begins this process's part: from here on it has a history, and failpoints.
pub fn begin(role: &str) {
    let task = task::get();
    let run = nm_runtime::caller::run().unwrap_or("unknown");
    seen::begin(role, run);
    let own = u64::from(std::process::id());
    let mut random = fastrand::Rng::with_seed(task.seed ^ own.rotate_left(32));
    let sites: &[&str] = match role {
        "worker" => &OF_WORKERS,
        "reaper" => &OF_REAPERS,
        _ => &[],
    };
    let only = |site: &&str| role == "reaper" || task.at.as_deref().is_none_or(|at| at == *site);
    let sites: Vec<_> = sites.iter().copied().filter(only).collect();
    let deaths = match role {
        // Some must live, or nothing is ever taken down in time.
        "reaper" => task.deaths / 2,
        _ => task.deaths,
    };
    let fated = random.u32(0..1000) < deaths;
    let dies = match random.choice(&sites) {
        Some(site) if fated && (role == "reaper" || ONCE.contains(site)) => Some((*site, 1)),
        Some(site) if fated => Some((*site, random.u32(1..4))),
        _ => None,
    };
    let fate = Fate {
        random,
        dies,
        jitter: task.jitter,
    };
    let _ = FATE.set(Mutex::new(fate));
    nm_runtime::failpoint::set(at);
}

/// A reaper begins in the library, not in `main`.
pub fn begin_as_reaper() {
    if FATE.get().is_none() && env::var_os("NAME_MANAGER_RUN_ID").is_some() {
        begin("reaper");
    }
}

/// Writes down where the request is, and dies there if it is to.
pub fn at(site: &'static str) {
    if let Some(event) = order::at(site) {
        seen::write(event);
    }
    let Some(fate) = FATE.get() else { return };
    let mut fate = fate.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((end, left)) = &mut fate.dies
        && *end == site
    {
        *left -= 1;
        if *left == 0 {
            seen::write(Event::Dies(site.to_owned()));
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
    let (jitter, micros) = (fate.jitter, fate.random.u64(0..400));
    // Where a moment is all that it takes.
    let often = match site {
        "name: held by another" => 200,
        _ => jitter,
    };
    let stops = fate.random.u32(0..1000) < often;
    drop(fate);
    if stops {
        match micros {
            0..200 => thread::yield_now(),
            micros => thread::sleep(Duration::from_micros(micros)),
        }
    }
}

/// Whether it is one of so many of 1000.
pub fn one_of_1000(many: u32) -> bool {
    let Some(fate) = FATE.get() else { return false };
    let mut fate = fate.lock().unwrap_or_else(PoisonError::into_inner);
    fate.random.u32(0..1000) < many
}

/// Takes a moment, now and then.
pub fn dawdle() {
    let Some(fate) = FATE.get() else { return };
    let mut fate = fate.lock().unwrap_or_else(PoisonError::into_inner);
    let (often, micros) = (fate.random.u32(0..4) == 0, fate.random.u64(0..2000));
    drop(fate);
    if often {
        thread::sleep(Duration::from_micros(micros));
    }
}
