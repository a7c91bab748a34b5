//! Acquire and release with nobody else there, against a bare lock and unlock.

use std::time::{Duration, Instant};

use name_manager::Pool;
use rustix::fs::{FlockOperation, flock};

use crate::bench::Result;
use crate::bench::figures::{Figures, micros, ratio};
use crate::bench::worker::Worker;

pub const BATCHES: usize = 1000;
/// Short enough that a batch is seldom interrupted.
const EACH: u32 = 20;

pub fn run() -> Result<()> {
    let state = tempfile::tempdir()?;
    let mut worker = Worker::start(state.path(), 2, &["uncontended"])?;
    let nanos = |numbers: Vec<u64>| numbers.into_iter().map(Duration::from_nanos).collect();
    let raw = Figures::new(nanos(worker.hear()?));
    let ours = Figures::new(nanos(worker.hear()?));
    println!(
        "uncontended acquire + release: {:.2} µs (p90 {:.2}); flock + unlock {:.2} µs; ratio {:.1}",
        micros(ours.median()),
        micros(ours.at(0.9)),
        micros(raw.median()),
        ratio(ours.median(), raw.median()),
    );
    Ok(())
}

/// In the worker.
pub fn measure() -> Result<()> {
    let file = tempfile::tempfile()?;
    let pool = Pool::open("bench")?;
    pool.acquire()?.release()?;
    // In turns, so that both meet the machine in the same moods.
    let (mut raw, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        raw.push(time(|| {
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(flock(&file, FlockOperation::Unlock)?)
        })?);
        ours.push(time(|| Ok(pool.acquire()?.release()?))?);
    }
    for times in [raw, ours] {
        let words: Vec<_> = times
            .iter()
            .map(|time| time.as_nanos().to_string())
            .collect();
        println!("{}", words.join(" "));
    }
    Ok(())
}

/// One round of some, on average.
pub fn time(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..EACH {
        work()?;
    }
    Ok(start.elapsed() / EACH)
}
