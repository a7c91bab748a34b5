//! A crowd that asks for everything at once.

use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;
use crate::report::{Report, complain};
use crate::round::{Plan, Round};

pub fn run(args: &Args) -> Result<()> {
    let time = args.time.unwrap_or(Duration::from_secs(120));
    println!("mixed load for {} s, seed {}", time.as_secs(), args.seed);
    let started = Instant::now();
    let mut report = Report::default();
    while started.elapsed() < time {
        let plan = Plan {
            seed: args.seed + report.rounds as u64,
            worker: args.worker.clone(),
            cli: None,
            processes: args.processes.unwrap_or(50),
            requests: args.requests.unwrap_or(500),
            threads: 1 + u32::from(report.rounds % 3 == 2),
            deaths: 0,
            long: 1,
            hold: 2000,
            jitter: 5,
            kills: 0,
            time: time.saturating_sub(started.elapsed()),
            pools: vec![("db", 3), ("life", 4), ("many", 9), ("one", 2)],
        };
        round(&plan, &mut report)?;
        println!(
            "{:6} s: {} requests",
            started.elapsed().as_secs(),
            report.figures.requests
        );
    }
    report.print();
    complain(&[])
}

fn round(plan: &Plan, report: &mut Report) -> Result<()> {
    let round = Round::new(plan)?;
    let run = round.start("work")?;
    if !round.wait_for(&run, Instant::now() + plan.time)? {
        run.stop()?;
    }
    round.wait()?;
    let (_, verdict) = round.judge()?;
    report.rounds += 1;
    report.figures.add(&verdict.figures);
    let errors = round.errors();
    if verdict.violations.is_empty() && errors.is_empty() {
        return round.remove();
    }
    println!(
        "seed {}, histories in {}\n{errors}",
        plan.seed,
        round.path().display()
    );
    complain(&verdict.violations)?;
    Err("processes complained".into())
}
