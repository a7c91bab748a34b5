//! Acquire and release with nobody else there.

use crate::bench::peer::{self, CALLS, OURS, Peer, SERIAL_TEST};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::Worker;
use crate::result::Result;

const ROUNDS: usize = 60;
/// Short enough that a round is seldom interrupted.
const PAIRS: &str = "300";

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let state = tempfile::tempdir()?;
    let peers: Vec<Peer> = peer::ALL.into_iter().chain([CALLS]).collect();
    let mut workers = Vec::new();
    for peer in &peers {
        let job = ["pairs", PAIRS];
        let mut worker = Worker::peer(&bench.peers, peer.name, state.path(), 2, &job)?;
        worker.hear()?;
        workers.push(worker);
    }
    let mut times = vec![Vec::new(); peers.len()];
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(peers.len(), round) {
            workers[at].go()?;
            times[at].push(workers[at].hear()?[0] as f64 / 1e6);
        }
    }
    let times: Vec<_> = times.into_iter().map(Spread::new).collect();
    let mut table = Table::new(
        "Uncontended acquire and release",
        "One process, without contention; µs for acquire and release together. Only name-manager \
         also records the holder, in a record and in the journal.",
        &["", "median", "rounds", "x `flock`", "x serial_test"],
    );
    let of = |wanted| {
        let at = peers.iter().position(|&peer| peer == wanted);
        &times[at.unwrap_or(0)]
    };
    for (peer, time) in peers.iter().zip(&times) {
        table.row(vec![
            peer.title.to_owned(),
            figure(time.median()),
            time.range(),
            figure(time.median() / times[0].median()),
            figure(time.median() / of(SERIAL_TEST).median()),
        ]);
    }
    table.goal(
        "uncontended, x serial_test's",
        of(OURS).median() / of(SERIAL_TEST).median(),
        2.0,
    );
    Ok(vec![table])
}
