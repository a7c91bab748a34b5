//! Kills over the whole protocol, in rounds of a few hundred.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use torture::oracle::{Bounds, Verdict};

use crate::args::Args;
use crate::container;
use crate::report::Report;
use crate::result::Result;
use crate::round::{Place, Plan, Round, Run};

/// Kills in one run, and runs that share a state directory.
const A_RUN: usize = 25;
const RUNS: usize = 6;

pub fn run(args: &Args) -> Result<()> {
    let wanted = args.kills.unwrap_or(500);
    println!("{wanted} kills, seed {}", args.seed);
    let containers = container::can_be_made()?;
    let started = Instant::now();
    let mut report = Report::default();
    while report.deaths.len() < wanted && args.time.is_none_or(|time| started.elapsed() < time) {
        let seed = args.seed + report.rounds as u64;
        let left = wanted - report.deaths.len();
        let mut plan = plan(seed, &args.worker, args.cli.clone(), left);
        plan.containers = containers;
        plan.processes = args.processes.unwrap_or(plan.processes);
        plan.requests = args.requests.unwrap_or(plan.requests);
        let round = begun(&plan)?;
        report.add(&plan, round)?;
    }
    report.print();
    println!("in {} s", started.elapsed().as_secs());
    match report.deaths.len() {
        killed if killed < wanted => Err(format!("only {killed} kills of {wanted}").into()),
        _ => Ok(()),
    }
}

/// A round with at most `kills` kills.
pub fn plan(seed: u64, worker: &Path, cli: Option<PathBuf>, kills: usize) -> Plan {
    let mut random = Rng::with_seed(seed);
    Plan {
        seed,
        worker: worker.to_owned(),
        cli,
        processes: random.usize(5..12),
        requests: 300,
        // With two, one death hits a holder and a waiter at once.
        threads: 1 + u32::from(random.u32(0..4) == 0),
        deaths: 700,
        long: 0,
        hold: 10_000,
        jitter: random.u32(0..120),
        kills: kills.div_ceil(RUNS).min(A_RUN),
        time: Duration::from_secs(20),
        patience: Duration::from_secs(60),
        silence: Duration::from_secs(15),
        containers: false,
        fails: 40,
        pools: vec![
            ("db", Some(2)),
            ("frail", Some(2)),
            ("free", None),
            ("life", Some(2)),
            ("one", Some(1)),
            ("ports", Some(2)),
            ("tool", Some(2)),
        ],
    }
}

/// One round of a broken engine.
pub fn one(plan: &Plan, bounds: Bounds) -> Result<Verdict> {
    let plan = Plan {
        patience: Duration::from_secs(6),
        silence: Duration::from_secs(4),
        time: Duration::from_secs(3),
        ..plan.clone()
    };
    let round = begun(&plan)?;
    let (_, verdict) = round.judge(bounds)?;
    round.forget(&verdict)?;
    Ok(verdict)
}

fn begun(plan: &Plan) -> Result<Round> {
    let mut random = Rng::with_seed(plan.seed);
    let round = Round::new(plan)?;
    for _ in 0..RUNS {
        let beside = beside(plan, &round, &mut random)?;
        let run = round.start("work", Place::Here)?;
        for run in &beside {
            if random.bool() {
                continue;
            }
            let time = Duration::from_millis(random.u64(50..800));
            if !round.wait_for(run, Instant::now() + time)? {
                round.kill_container(run)?;
            }
        }
        // Some runners die before their processes, and another run comes while
        // those go on, or their reaper cleans up.
        let time = match random.u32(0..3) {
            0 => Duration::from_millis(random.u64(50..800)),
            _ => plan.time,
        };
        if !round.wait_for(&run, Instant::now() + time)? {
            round.kill_runner(&run)?;
            run.stop()?;
        }
        for run in beside {
            if !round.wait_for(&run, Instant::now() + plan.time)? {
                round.kill_runner(&run)?;
                run.stop()?;
            }
        }
    }
    round.wait()?;
    Ok(round)
}

/// Runs in containers, which share the state directory with the run that comes next: two of
/// them have processes with the same ids.
fn beside(plan: &Plan, round: &Round, random: &mut Rng) -> Result<Vec<Run>> {
    let many = match random.u32(0..4) {
        _ if !plan.containers => 0,
        0 => 1,
        1 => 2,
        _ => 0,
    };
    (0..many)
        .map(|_| round.start("work", Place::Container))
        .collect()
}
