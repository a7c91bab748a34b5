//! How near `name-manager stats` comes when it says what a run would have taken
//! with a pool of another size: the same work is really done with that size.

use std::env;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use name_manager::{Access, Pool};
use serde_json::Value;

use crate::bench::worker::{Worker, say};
use crate::result::Result;

/// The run that is replayed has as many names; the others are predicted from it.
const RECORDED: usize = 2;
const SIZES: [usize; 5] = [1, 3, 4, 6, 8];

/// Work over a pool of that size, its state in that directory.
type Suite = fn(&Path, usize) -> Result<()>;

pub fn run() -> Result<()> {
    let suites: [(&str, Suite); 3] = [
        ("one process, 8 threads, 120 tests", threads),
        ("a process a test, 6 at once, 60 tests", processes),
        ("3 processes one after the other, 4 threads each", binaries),
    ];
    for (name, suite) in suites {
        let predicted = measure(suite, RECORDED)?;
        let recorded = makespan(&predicted)?;
        println!("{name}: recorded with {RECORDED} names, {recorded:.0} ms");
        for size in SIZES {
            let Some(said) = prediction(&predicted, size) else {
                continue;
            };
            let real = makespan(&measure(suite, size)?)?;
            let error = (said - real) / real * 100.0;
            println!("    with {size}: predicted {said:.0} ms, really {real:.0} ms: {error:+.1} %");
        }
    }
    Ok(())
}

/// What `stats` says of the suite with a pool of that size.
fn measure(suite: Suite, size: usize) -> Result<Value> {
    let state = tempfile::tempdir()?;
    suite(state.path(), size)?;
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "nm-cli"])
        .args(["--bin", "name-manager", "--", "stats", "bench", "--json"])
        .env("NAME_MANAGER_DIR", state.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let stats: Value = serde_json::from_slice(&output.stdout)?;
    Ok(stats["pools"][0].clone())
}

fn makespan(pool: &Value) -> Result<f64> {
    Ok(pool["makespan"].as_f64().ok_or("no makespan")? / 1e3)
}

/// Beyond the largest size that was tried, nothing changes.
fn prediction(pool: &Value, size: usize) -> Option<f64> {
    let sizes = pool["what_if"]["sizes"].as_array()?;
    let is_it = |entry: &&Value| entry["max"].as_u64() == Some(size as u64);
    let entry = sizes.iter().find(is_it).or(sizes.last())?;
    Some(entry["makespan"].as_f64()? / 1e3)
}

fn threads(state: &Path, size: usize) -> Result<()> {
    Worker::start(state, size, &["suite", "8", "0", "120"])?
        .hear()
        .map(drop)
}

fn binaries(state: &Path, size: usize) -> Result<()> {
    for tests in [["0", "40"], ["40", "60"], ["60", "100"]] {
        let job = ["suite", "4", tests[0], tests[1]];
        Worker::start(state, size, &job)?.hear()?;
    }
    Ok(())
}

fn processes(state: &Path, size: usize) -> Result<()> {
    at_once(6, 0..60, |test| {
        let (from, to) = (test.to_string(), (test + 1).to_string());
        let worker = Worker::start(state, size, &["suite", "1", &from, &to]);
        worker.and_then(|mut worker| worker.hear()).is_ok()
    })
}

/// Does every piece of work, some at once, each begun when another has ended.
fn at_once(threads: usize, all: Range<usize>, work: impl Fn(usize) -> bool + Sync) -> Result<()> {
    let next = AtomicUsize::new(all.start);
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= all.end {
                        return;
                    }
                    // As libtest does: a thread a test.
                    let done = thread::scope(|scope| scope.spawn(|| work(at)).join());
                    failed.fetch_add(usize::from(!done.unwrap_or(false)), Ordering::Relaxed);
                }
            });
        }
    });
    match failed.into_inner() {
        0 => Ok(()),
        count => Err(format!("{count} tests failed").into()),
    }
}

/// In a process of the benchmark: these tests, on `threads` threads at once.
pub fn suite(threads: usize, tests: Range<usize>) -> Result<()> {
    let pool = Pool::open("bench")?;
    at_once(threads, tests, |at| test(&pool, at).is_ok())?;
    say(&[])
}

/// Bodies of 5 to 65 ms; some without the pool, some that only read.
fn test(pool: &Pool, at: usize) -> Result<()> {
    let random = random(at as u64);
    let millis = |from: u64, shift: u32| Duration::from_millis(from + (random >> shift) % 60);
    thread::sleep(Duration::from_millis(random % 4));
    match random % 10 {
        0 => thread::sleep(millis(5, 8)),
        1 | 2 => {
            let _leases = pool.request().access(Access::Shared).acquire()?;
            thread::sleep(millis(5, 8));
        }
        _ => {
            let lease = pool.acquire()?;
            thread::sleep(millis(5, 8));
            lease.release()?;
            thread::sleep(Duration::from_millis((random >> 16) % 8));
        }
    }
    Ok(())
}

/// The same for the same test, in every run (splitmix64).
fn random(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
