//! Kills over the whole protocol, in rounds of a few hundred.

use std::time::{Duration, Instant};

use fastrand::Rng;
use torture::oracle::deaths;

use crate::Result;
use crate::args::Args;
use crate::report::{Report, complain};
use crate::round::{Plan, Round};

const A_ROUND: usize = 150;

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
        kills: left.min(A_ROUND),
        time: Duration::from_secs(20),
        pools: vec![("db", 2), ("life", 2), ("one", 1)],
    };
    let round = Round::new(&plan)?;
    let runner = round.start("work")?;
    // In some rounds the runner dies, and another comes while its reaper cleans.
    if random.u32(0..3) == 0 {
        let alone = Duration::from_millis(random.u64(100..1500));
        if !round.wait(Some(Instant::now() + alone))? {
            round.kill_runner(runner);
            round.start("work")?;
        }
    }
    if !round.wait(Some(Instant::now() + plan.time))? {
        round.stop()?;
        round.wait(None)?;
    }
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
