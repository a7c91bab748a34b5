//! From the start of a release to the next holder, who waits in another process.

use std::fs::File;
use std::thread;
use std::time::Duration;

use crate::bench::Result;
use crate::bench::figures::{Figures, micros, ratio};
use crate::bench::worker::{Worker, now};

const ROUNDS: usize = 300;
/// Until a process that was told to ask is blocked.
const SETTLE: Duration = Duration::from_millis(2);

pub fn run() -> Result<()> {
    let state = tempfile::tempdir()?;
    let path = state.path().join("raw.lock");
    File::create(&path)?;
    let path = path
        .to_str()
        .ok_or("the temporary directory is not UTF-8")?;
    let start = |job: &[&str]| Worker::start(state.path(), 1, job);
    let mut raw = Pair::new(
        start(&["flock-turns", path])?,
        start(&["flock-turns", path])?,
    )?;
    let mut ours = Pair::new(start(&["turns"])?, start(&["turns"])?)?;
    let (mut raw_times, mut our_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw_times.push(raw.hand_over()?);
        our_times.push(ours.hand_over()?);
    }
    let (raw, ours) = (Figures::new(raw_times), Figures::new(our_times));
    println!(
        "hand-over to a waiting process: {:.1} µs (p99 {:.1}); blocking flock {:.1} µs (p99 {:.1}); ratio {:.2}",
        micros(ours.median()),
        micros(ours.at(0.99)),
        micros(raw.median()),
        micros(raw.at(0.99)),
        ratio(ours.median(), raw.median()),
    );
    kill()
}

/// Two processes that hand one name to each other.
struct Pair {
    holder: Worker,
    waiter: Worker,
}

impl Pair {
    fn new(mut holder: Worker, mut waiter: Worker) -> Result<Self> {
        holder.hear()?;
        waiter.hear()?;
        holder.go()?;
        holder.hear()?;
        Ok(Self { holder, waiter })
    }

    fn hand_over(&mut self) -> Result<Duration> {
        self.waiter.go()?;
        thread::sleep(SETTLE);
        self.holder.go()?;
        let released = self.holder.hear()?[0];
        let granted = self.waiter.hear()?[0];
        std::mem::swap(&mut self.holder, &mut self.waiter);
        Ok(Duration::from_nanos(granted - released))
    }
}

fn kill() -> Result<()> {
    let state = tempfile::tempdir()?;
    let state = state.path();
    let mut times = Vec::new();
    for _ in 0..50 {
        let mut holder = Worker::start(state, 1, &["hold"])?;
        holder.hear()?;
        let mut waiter = Worker::start(state, 1, &["turns"])?;
        waiter.hear()?;
        waiter.go()?;
        thread::sleep(SETTLE * 2);
        let killed = now();
        holder.kill()?;
        times.push(Duration::from_nanos(waiter.hear()?[0] - killed));
    }
    let times = Figures::new(times);
    println!(
        "SIGKILL of the holder to the next holder: {:.2} ms (p90 {:.2})",
        micros(times.median()) / 1e3,
        micros(times.at(0.9)) / 1e3,
    );
    Ok(())
}
