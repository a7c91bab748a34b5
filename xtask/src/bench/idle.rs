//! What waiting costs while nothing is released.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::bench::peer::{self, OURS, Peer};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::Worker;
use crate::result::Result;

const WAITERS: usize = 200;
const ROUNDS: usize = 2;
const FOR: Duration = Duration::from_secs(2);
/// Past the notice that name-manager gives after a second, of each of the processes.
const SETTLE: Duration = Duration::from_secs(4);

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut found = peer::ALL.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(peer::ALL.len(), round) {
            let peer = peer::ALL[at];
            found[at][0].push(wait(bench, peer, "exclusive")?);
            if peer.has_readers {
                found[at][1].push(wait(bench, peer, "shared")?);
            }
        }
    }
    let mut table = Table::new(
        "Waiting while nothing is released",
        &format!(
            "{WAITERS} processes wait to write, for {FOR:?}: their total use of one core, in \
             percent."
        ),
        &[
            "",
            "while one writes",
            "rounds",
            "while one reads",
            "rounds",
        ],
    );
    let found = found.map(|both| both.map(|all| (!all.is_empty()).then(|| Spread::new(all))));
    for (peer, found) in peer::ALL.iter().zip(&found) {
        let mut cells = vec![peer.title.to_owned()];
        for found in found {
            cells.extend(match found {
                Some(found) => [figure(found.median()), found.range()],
                None => ["has no readers".to_owned(), "–".to_owned()],
            });
        }
        table.row(cells);
    }
    let ours = peer::ALL.iter().position(|&peer| peer == OURS);
    if let Some([Some(writing), Some(reading)]) = ours.map(|at| &found[at]) {
        let most = writing.median().max(reading.median());
        table.goal(
            "waiting, percent of a core for each process",
            most / WAITERS as f64,
            0.01,
        );
    }
    Ok(vec![table])
}

/// Percent of a core.
fn wait(bench: &Bench, peer: Peer, access: &str) -> Result<f64> {
    let state = tempfile::tempdir()?;
    let start = |access| Worker::peer(&bench.peers, peer.name, state.path(), 1, &["turns", access]);
    let mut holder = start(access)?;
    holder.hear()?;
    holder.go()?;
    holder.hear()?;
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        let mut waiter = start("exclusive")?;
        waiter.hear()?;
        waiter.go()?;
        waiters.push(waiter);
    }
    thread::sleep(SETTLE);
    let before = cpu(&waiters)?;
    thread::sleep(FOR);
    let used = cpu(&waiters)? - before;
    Ok(used.as_secs_f64() / FOR.as_secs_f64() * 100.0)
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
