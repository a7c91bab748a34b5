//! Many processes over few names, against the time that the names must be held
//! in any case.

use std::time::Duration;

use crate::bench::Result;
use crate::bench::figures::{micros, ratio};
use crate::bench::worker::Worker;

pub fn run() -> Result<()> {
    for names in [1, 2] {
        crowd(8, 50, Duration::from_millis(5), names)?;
    }
    crowd(64, 1, Duration::from_millis(1), 1)
}

fn crowd(processes: usize, leases: usize, hold: Duration, names: usize) -> Result<()> {
    let state = tempfile::tempdir()?;
    let (count, hold_micros) = (leases.to_string(), hold.as_micros().to_string());
    let job = ["leases", &count, &hold_micros];
    let mut workers = Vec::new();
    for _ in 0..processes {
        workers.push(Worker::start(state.path(), names, &job)?);
    }
    for worker in &mut workers {
        worker.hear()?;
    }
    for worker in &mut workers {
        worker.go()?;
    }
    let mut times = Vec::new();
    for worker in &mut workers {
        times.extend(
            worker
                .hear()?
                .chunks(3)
                .map(|t| [t[0], t[1], t[2]])
                .collect::<Vec<_>>(),
        );
    }
    let first = times
        .iter()
        .map(|[_, granted, _]| granted)
        .min()
        .ok_or("no lease")?;
    let last = times
        .iter()
        .map(|[.., released]| released)
        .max()
        .ok_or("no lease")?;
    let held: u64 = times
        .iter()
        .map(|[_, granted, released]| released - granted)
        .sum();
    let longest = times
        .iter()
        .map(|[asked, granted, _]| granted - asked)
        .max()
        .unwrap_or(0);
    let took = Duration::from_nanos(last - first);
    let ideal = Duration::from_nanos(held / names as u64);
    // All others once, before one's own turn comes again.
    let fair = ideal / times.len() as u32 * (processes - names) as u32;
    println!(
        "{processes} processes x {leases} x {hold:?} over {names} name(s): {:.1} ms, {:.3} x ideal ({:.1} ms: what was held); longest wait {:.1} ms, {:.2} x fair",
        micros(took) / 1e3,
        ratio(took, ideal),
        micros(ideal) / 1e3,
        longest as f64 / 1e6,
        ratio(Duration::from_nanos(longest), fair),
    );
    Ok(())
}
