//! A holder is killed, and another process waits.

use std::thread;
use std::time::Duration;

use crate::bench::handover::SETTLE;
use crate::bench::peer::{self, Peer};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::{Worker, now};
use crate::result::Result;

const ROUNDS: usize = 30;
/// A waiter that has not got the lock by then never gets it.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut table = Table::new(
        "Kill to next holder",
        "The time from SIGKILL of the holder until another process, waiting to write, has the lock; ms.",
        &["", "writer killed", "rounds", "reader killed", "rounds"],
    );
    let mut times = peer::ALL.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(peer::ALL.len(), round) {
            let peer = peer::ALL[at];
            times[at][0].push(kill(bench, peer, "exclusive")?);
            let gave_up = times[at][1].contains(&None);
            if peer.has_readers && !gave_up {
                times[at][1].push(kill(bench, peer, "shared")?);
            }
        }
    }
    for (peer, times) in peer::ALL.iter().zip(times) {
        let mut cells = vec![peer.title.to_owned()];
        for times in times {
            let all: Option<Vec<_>> = times.iter().copied().collect();
            cells.extend(match all {
                None => ["**never**".to_owned(), "–".to_owned()],
                Some(all) if all.is_empty() => ["has no readers".to_owned(), "–".to_owned()],
                Some(all) => {
                    let all = Spread::new(all);
                    [figure(all.median()), all.range()]
                }
            });
        }
        table.row(cells);
    }
    Ok(vec![table])
}

/// Milliseconds; nothing if the lock is lost with its holder.
fn kill(bench: &Bench, peer: Peer, access: &str) -> Result<Option<f64>> {
    let state = tempfile::tempdir()?;
    let start = |access| Worker::peer(&bench.peers, peer.name, state.path(), 1, &["turns", access]);
    let mut holder = start(access)?;
    let mut waiter = start("exclusive")?;
    holder.hear()?;
    holder.go()?;
    holder.hear()?;
    waiter.hear()?;
    waiter.go()?;
    thread::sleep(SETTLE * 2);
    let killed = now();
    holder.kill()?;
    let heard = waiter.hear_within(PATIENCE)?;
    Ok(heard.map(|granted| (granted[0] as f64 - killed as f64) / 1e6))
}
