//! The agent of a machine over an hour of leases: whether it grows.

use std::time::{Duration, Instant};

use crate::bench::site::Site;
use crate::bench::spread::figure;
use crate::bench::table::{Goal, Table};
use crate::bench::worker::go_together;
use crate::result::Result;

const HOUR: Duration = Duration::from_secs(3600);
const QUICK: Duration = Duration::from_secs(120);
const ROWS: u32 = 6;

/// About ten leases a second, of processes that come and go, of fewer names than processes.
const NAMES: usize = 3;
const PROCESSES: usize = 5;
const EACH: usize = 20;
const HOLD: &str = "100";
const PAUSE: &str = "400";

pub fn run(quick: bool) -> Result<()> {
    // Which has said so.
    let Some(site) = Site::open()? else {
        return Ok(());
    };
    let all = if quick { QUICK } else { HOUR };
    let project = site.project("hour", NAMES)?;
    let job = ["server-leases", &EACH.to_string(), HOLD, PAUSE];
    let mut table = Table::new(
        "The agent of a machine over time",
        &format!(
            "{PROCESSES} processes at once, anew every {EACH} leases, hold one of {NAMES} names for \
             {HOLD} ms and pause for {PAUSE} ms. The agent's resident memory, its open files, and \
             its connections as the server counts them, while nobody holds anything."
        ),
        &["minutes", "leases", "MB", "files", "connections"],
    );
    let (begun, mut leases) = (Instant::now(), 0);
    let mut first = None;
    let mut row_at = Duration::ZERO;
    loop {
        let mut workers = (0..PROCESSES)
            .map(|_| project.worker(1, &job))
            .collect::<Result<Vec<_>>>()?;
        go_together(&mut workers)?;
        for worker in &mut workers {
            worker.hear()?;
        }
        drop(workers);
        // One more each, before it is told to go on.
        leases += PROCESSES * (EACH + 1);
        let passed = begun.elapsed();
        if passed < row_at {
            continue;
        }
        row_at += all / ROWS;
        let resident = project.resident(1)? / 1024.0;
        table.row(vec![
            figure(passed.as_secs_f64() / 60.0),
            leases.to_string(),
            figure(resident),
            project.files(1)?.to_string(),
            site.connections()?.to_string(),
        ]);
        let first = *first.get_or_insert(resident);
        if passed >= all {
            let what = "MB by which the agent has grown since the first row";
            table.goal(what, resident - first, 1.0);
            break;
        }
    }
    println!("{table}");
    let mut goals = Goal::columns();
    table
        .goals()
        .iter()
        .for_each(|goal| goals.row(goal.cells()));
    println!("{goals}");
    Ok(())
}
