//! A crowd that asks for everything at once.

use std::path::Path;
use std::time::{Duration, Instant};

use torture::oracle::{Bounds, Verdict};

use crate::args::Args;
use crate::container;
use crate::report::Report;
use crate::result::Result;
use crate::round::{Place, Plan, Round};

pub fn run(args: &Args) -> Result<()> {
    let time = args.time.unwrap_or(Duration::from_secs(120));
    println!("mixed load for {} s, seed {}", time.as_secs(), args.seed);
    let containers = container::can_be_made()?;
    let started = Instant::now();
    let mut report = Report::default();
    while started.elapsed() < time {
        let plan = Plan {
            seed: args.seed + report.rounds as u64,
            worker: args.worker.clone(),
            cli: None,
            // In each place.
            processes: args
                .processes
                .unwrap_or(50)
                .div_ceil(if containers { 3 } else { 1 }),
            requests: args.requests.unwrap_or(500),
            threads: 1 + u32::from(report.rounds % 3 == 2),
            deaths: 0,
            long: 1,
            hold: 2000,
            jitter: 5,
            kills: 0,
            time: time.saturating_sub(started.elapsed()),
            patience: Duration::from_secs(60),
            silence: Duration::from_secs(15),
            containers,
            fails: 40,
            pools: vec![
                ("db", Some(3)),
                ("frail", Some(3)),
                ("free", None),
                ("life", Some(4)),
                ("many", Some(9)),
                ("one", Some(2)),
                ("ports", Some(3)),
                ("tool", Some(3)),
            ],
        };
        let round = begun(&plan)?;
        report.add(&plan, round)?;
        println!(
            "{:6} s: {} requests",
            started.elapsed().as_secs(),
            report.figures.requests
        );
    }
    report.print();
    Ok(())
}

/// Pools that a small crowd has if it is told to.
pub const MORE: [(&str, Option<u32>); 4] = [
    ("frail", Some(3)),
    ("free", None),
    ("ports", Some(2)),
    ("tool", Some(1)),
];

/// A crowd that finds much in little time, of these of [`MORE`], too.
pub fn small(seed: u64, worker: &Path, long: u32, more: &[&str]) -> Plan {
    let mut pools = vec![("db", Some(3)), ("life", Some(2)), ("one", Some(1))];
    pools.extend(MORE.iter().filter(|(pool, _)| more.contains(pool)));
    Plan {
        seed,
        worker: worker.to_owned(),
        cli: None,
        processes: 8,
        requests: 400,
        threads: 1,
        deaths: 0,
        long,
        hold: 300,
        jitter: 120,
        kills: 0,
        time: Duration::from_secs(2),
        patience: Duration::from_secs(6),
        silence: Duration::from_secs(4),
        containers: false,
        fails: 40,
        pools,
    }
}

/// One round of a broken engine.
pub fn one(plan: &Plan, bounds: Bounds) -> Result<Verdict> {
    let round = begun(plan)?;
    let (_, verdict) = round.judge(bounds)?;
    round.forget(&verdict)?;
    Ok(verdict)
}

fn begun(plan: &Plan) -> Result<Round> {
    let round = Round::new(plan)?;
    // Two containers have processes with the same ids.
    let places = match plan.containers {
        true => &[Place::Container, Place::Container, Place::Here][..],
        false => &[Place::Here],
    };
    let runs = places.iter().map(|place| round.start("work", *place));
    let runs: Vec<_> = runs.collect::<Result<_>>()?;
    let until = Instant::now() + plan.time;
    for run in runs {
        if !round.wait_for(&run, until)? {
            run.stop()?;
        }
    }
    round.wait()?;
    Ok(round)
}
