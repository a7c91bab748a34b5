//! What waiting costs while nothing is released.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Result;
use crate::bench::worker::Worker;

const WAITERS: usize = 500;
const FOR: Duration = Duration::from_secs(10);

pub fn run() -> Result<()> {
    let state = tempfile::tempdir()?;
    let mut holder = Worker::start(state.path(), 1, &["hold"])?;
    holder.hear()?;
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        let mut waiter = Worker::start(state.path(), 1, &["turns"])?;
        waiter.hear()?;
        waiter.go()?;
        waiters.push(waiter);
    }
    // Past the notice that each prints after a second.
    thread::sleep(Duration::from_secs(4));
    let size = size_of(state.path())?;
    let start = Instant::now();
    let before = cpu(&waiters)?;
    thread::sleep(FOR);
    let used = cpu(&waiters)? - before;
    let share = used.as_secs_f64() / start.elapsed().as_secs_f64();
    println!(
        "{WAITERS} waiting processes for {FOR:?}: {:.2} % of a core in sum; state directory grew by {} bytes",
        share * 100.0,
        size_of(state.path())? - size,
    );
    Ok(())
}

/// Processor time of all threads, as the scheduler counts it.
fn cpu(workers: &[Worker]) -> Result<Duration> {
    let mut nanos = 0;
    for worker in workers {
        for task in fs::read_dir(format!("/proc/{}/task", worker.pid()))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let ran = schedstat
                .split_whitespace()
                .next()
                .ok_or("empty schedstat")?;
            nanos += ran.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanos))
}

fn size_of(dir: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let metadata = entry?;
        size += match metadata.file_type()?.is_dir() {
            true => size_of(&metadata.path())?,
            false => metadata.metadata()?.len(),
        };
    }
    Ok(size)
}
