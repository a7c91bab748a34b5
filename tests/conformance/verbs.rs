//! What the actors of this test binary can do besides.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use name_manager::{Error, Lease};
use nm_runtime::private::{Entry, TestSpec};

use crate::load::append;
use crate::support::ask;
use crate::support::home::Home;

pub fn obey(verb: &str, rest: &str, leases: &mut Vec<Lease>, home: &dyn Home) -> Option<String> {
    let words: Vec<_> = rest.split(' ').collect();
    Some(match verb {
        "drop" => {
            leases.clear();
            "dropped".to_owned()
        }
        "crowd" => crowd(words[0].parse().unwrap(), &words[1..], home),
        "readers" => {
            let (count, ask) = rest.split_once(' ').unwrap();
            readers(count.parse().unwrap(), ask, home)
        }
        "load" => load(
            words[0].parse().unwrap(),
            words[1].parse().unwrap(),
            Path::new(words[2]),
            home,
        ),
        "annotated" => {
            drop(home.annotated(annotated(rest)));
            "granted".to_owned()
        }
        "annotated-loop" => {
            for _ in 0..words[1].parse().unwrap() {
                drop(home.annotated(annotated(words[0])));
            }
            "looped".to_owned()
        }
        // A forked copy of this process drops its copy of the leases.
        #[cfg(unix)]
        "fork-and-drop" => in_a_fork(|| {
            leases.clear();
            true
        }),
        // A forked copy of this process asks for a lease of its own, and gives it back.
        #[cfg(unix)]
        "fork-and-ask" => in_a_fork(|| {
            let leases = ask::request(rest, home).and_then(|request| request.try_acquire());
            leases.is_ok_and(|leases| leases.is_some())
        }),
        _ => return None,
    })
}

/// Whether a forked copy of this process succeeds in this.
#[cfg(unix)]
fn in_a_fork(run: impl FnOnce() -> bool) -> String {
    match fork::fork().expect("the process can be forked") {
        fork::Fork::Parent(child) => match fork::waitpid(child) {
            Ok(0) => "done in the child".to_owned(),
            other => format!("the child failed: {other:?}"),
        },
        fork::Fork::Child => match run() {
            true => std::process::exit(0),
            false => std::process::abort(),
        },
    }
}

/// Each thread takes one name and gives it back; nobody else has it meanwhile.
fn crowd(threads: usize, pools: &[&str], home: &dyn Home) -> String {
    let inside = Mutex::new(BTreeSet::new());
    let all = Barrier::new(threads);
    let one = |pool: &str| -> Result<(), Error> {
        // Opened before: threads of a pool that opens late would find the gate full.
        let request = ask::request(pool, home);
        all.wait();
        let leases = request?.acquire()?;
        for lease in &leases {
            assert!(
                inside.lock().unwrap().insert(lease.name().to_owned()),
                "{lease} twice"
            );
        }
        thread::yield_now();
        for lease in &leases {
            inside.lock().unwrap().remove(lease.name());
        }
        leases.into_iter().try_for_each(Lease::release)
    };
    in_threads(threads, "crowd", |thread| one(pools[thread % pools.len()]))
}

/// All hold at the same time, and let go at the same time.
fn readers(count: usize, ask: &str, home: &dyn Home) -> String {
    let all = Barrier::new(count);
    let read = || -> Result<(), Error> {
        let leases = ask::request(ask, home).and_then(|request| request.acquire());
        all.wait();
        leases?.into_iter().try_for_each(Lease::release)
    };
    in_threads(count, "readers", |_| read())
}

/// Runs as many threads, and says that all are done, or what failed.
fn in_threads(count: usize, what: &str, run: impl Fn(usize) -> Result<(), Error> + Sync) -> String {
    let ended: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..count)
            .map(|thread| {
                let run = &run;
                let builder = thread::Builder::new().stack_size(256 << 10);
                builder.spawn_scoped(scope, move || run(thread)).unwrap()
            })
            .collect();
        started.into_iter().map(|thread| thread.join()).collect()
    });
    for end in ended {
        match end {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return ask::failed(&error),
            Err(_) => return format!("a thread of the {what} panicked"),
        }
    }
    format!("{what} done")
}

/// Requests of all kinds, in an order that the seed decides.
fn load(rounds: usize, seed: u64, history: &Path, home: &dyn Home) -> String {
    const ASKS: [&str; 8] = [
        "db",
        "db",
        "db shared",
        "db shared name=db-1",
        "db count=2",
        "db name=db-2",
        "db timeout=3",
        "db name=db-0 timeout=2",
    ];
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let ask = ASKS[random as usize % ASKS.len()];
        let request = ask::request(ask, home).unwrap();
        let leases = match random % 5 {
            0 => request.try_acquire().map(Option::unwrap_or_default),
            _ => request.acquire(),
        };
        let leases = match leases {
            Ok(leases) => leases,
            Err(error) if error.is_timeout() => continue,
            Err(error) => return ask::failed(&error),
        };
        let how = if ask.contains("shared") {
            "shared"
        } else {
            "exclusive"
        };
        let who = format!("{} {}", home.pid(), thread::current().name().unwrap());
        let note = |what: &str, lease: &Lease| {
            let line = format!("{what} {lease} {how} {who}\n");
            home.act(&mut || append(history, &line))
        };
        if !leases.iter().all(|lease| note("enter", lease)) {
            return "killed".to_owned();
        }
        // A body that does something; nobody waits for it to be over.
        thread::sleep(Duration::from_micros(random % 1500));
        if !leases.iter().all(|lease| note("leave", lease)) {
            return "killed".to_owned();
        }
        if let Err(error) = leases.into_iter().try_for_each(Lease::release) {
            return ask::failed(&error);
        }
    }
    "loaded".to_owned()
}

/// A test that asks for two pools, in this order.
fn annotated(order: &str) -> &'static Entry {
    const fn entry(test: &'static str, requests: &'static str) -> Entry {
        Entry::Test(TestSpec {
            test,
            asynchronous: false,
            must_panic: false,
            manifest_dir: env!("CARGO_MANIFEST_DIR"),
            file: file!(),
            requests,
            lines: "1 1",
        })
    }
    static AB: Entry = entry("engine::ab", "a;b");
    static BA: Entry = entry("engine::ba", "b;a");
    match order {
        "ab" => &AB,
        "ba" => &BA,
        _ => panic!("no annotated test {order}"),
    }
}
