//! Acquire and release with nobody else there.

use crate::bench::peer::{self, OURS, SERIAL_TEST};
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::Worker;
use crate::bench::{Bench, Result};

const ROUNDS: usize = 60;
/// Short enough that a round is seldom interrupted.
const PAIRS: &str = "300";

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let state = tempfile::tempdir()?;
    let mut workers = Vec::new();
    for peer in peer::ALL {
        let job = ["pairs", PAIRS];
        let mut worker = Worker::peer(&bench.peers, peer.name, state.path(), 2, &job)?;
        worker.hear()?;
        workers.push(worker);
    }
    let mut times = peer::ALL.map(|_| Vec::new());
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(peer::ALL.len(), round) {
            workers[at].go()?;
            times[at].push(workers[at].hear()?[0] as f64 / 1e6);
        }
    }
    let times = times.map(Spread::new);
    let mut table = Table::new(
        "Uncontended acquire and release",
        "One process, nobody else there; µs for the two together. name-manager also \
         writes down who holds the name, in a record and in the journal; the others do not.",
        &["", "median", "rounds", "x `flock`", "x serial_test"],
    );
    let of = |wanted| {
        &times[peer::ALL
            .iter()
            .position(|&peer| peer == wanted)
            .unwrap_or(0)]
    };
    for (peer, time) in peer::ALL.iter().zip(&times) {
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
