//! Kills over the whole protocol, in rounds of a few hundred.

use std::time::{Duration, Instant};

use fastrand::Rng;
use torture::oracle::deaths;

use crate::Result;
use crate::args::Args;
use crate::report::{Report, complain};
use crate::round::{Plan, Round};

/// Kills in one run, and runs that share a state directory.
const A_RUN: usize = 40;
const RUNS: usize = 4;

pub fn run(args: &Args) -> Result<()> {
    let wanted = args.kills.unwrap_or(500);
    println!("{wanted} kills, seed {}", args.seed);
    let started = Instant::now();
    let mut report = Report::default();
    while report.deaths.len() < wanted && args.time.is_none_or(|time| started.elapsed() < time) {
        let seed = args.seed + report.rounds as u64;
        round(args, seed, wanted - report.deaths.len(), &mut report)?;
    }
    report.print();
    println!("in {} s", started.elapsed().as_secs());
    match report.deaths.len() {
        killed if killed < wanted => Err(format!("only {killed} kills of {wanted}").into()),
        _ => complain(&[]),
    }
}

fn round(args: &Args, seed: u64, left: usize, report: &mut Report) -> Result<()> {
    let mut random = Rng::with_seed(seed);
    let plan = Plan {
        seed,
        worker: args.worker.clone(),
        cli: args.cli.clone(),
        processes: args.processes.unwrap_or(random.usize(5..12)),
        requests: args.requests.unwrap_or(300),
        threads: 1,
        deaths: 700,
        long: 0,
        jitter: random.u32(0..60),
        hold: 10_000,
        kills: left.div_ceil(RUNS).min(A_RUN),
        time: Duration::from_secs(20),
        pools: vec![("db", 2), ("life", 2), ("one", 1)],
    };
    let round = Round::new(&plan)?;
    for _ in 0..RUNS {
        let run = round.start("work")?;
        // Some runners die before their processes, and another run comes while
        // those go on, or their reaper cleans up.
        let time = match random.u32(0..3) {
            0 => Duration::from_millis(random.u64(50..800)),
            _ => plan.time,
        };
        if !round.wait_for(&run, Instant::now() + time)? {
            round.kill_runner(&run);
            run.stop()?;
        }
    }
    round.wait()?;
    let (lines, verdict) = round.judge()?;
    report.rounds += 1;
    report.figures.add(&verdict.figures);
    report.deaths.extend(deaths(&lines));
    if verdict.violations.is_empty() {
        return round.remove();
    }
    println!(
        "seed {seed}, histories in {}\n{}",
        round.path().display(),
        round.errors()
    );
    complain(&verdict.violations)
}
