//! Readers that never pause, and a writer among them.

use std::time::Duration;

use crate::bench::peer::{self, OURS, Peer};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::{Worker, go_together};
use crate::result::Result;

const ROUNDS: usize = 5;
const READERS: usize = 8;
const HOLD: Duration = Duration::from_millis(5);
const TIME: Duration = Duration::from_millis(1500);

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut found = peer::ALL.map(|_| Vec::new());
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(peer::ALL.len(), round) {
            if peer::ALL[at].has_readers {
                found[at].push(read(bench, peer::ALL[at])?);
            }
        }
    }
    let mut table = Table::new(
        "Readers with a writer among them",
        &format!(
            "{READERS} processes read for {HOLD:?} at a time, over and over for {TIME:?}; one \
             writes for {HOLD:?} and pauses for {:?}. How long the writer waits, in ms (at best \
             the rest of a read), how often it writes, and how many read at once on average.",
            HOLD * 4
        ),
        &[
            "",
            "writer's wait",
            "longest",
            "rounds' longest",
            "writes",
            "readers at once",
        ],
    );
    let mut longest = Vec::new();
    for (peer, found) in peer::ALL.iter().zip(&found) {
        if found.is_empty() {
            table.row(vec![peer.title.to_owned(), "has no readers".to_owned()]);
            continue;
        }
        let all = Spread::new(found.iter().flat_map(|round| round.waits.clone()).collect());
        let of = |of: fn(&Round) -> f64| Spread::new(found.iter().map(of).collect());
        let of_rounds = of(|round| Spread::new(round.waits.clone()).max());
        table.row(vec![
            match peer.name {
                "serial_test" => "serial_test `file_parallel`".to_owned(),
                _ => peer.title.to_owned(),
            },
            figure(all.median()),
            figure(all.max()),
            of_rounds.range(),
            figure(of(|round| round.waits.len() as f64).median()),
            figure(of(|round| round.reading).median()),
        ]);
        longest.push((peer, of_rounds.median()));
    }
    let best = |ours: bool| {
        let chosen = longest.iter().filter(|(peer, _)| (**peer == OURS) == ours);
        chosen
            .map(|(_, longest)| *longest)
            .min_by(f64::total_cmp)
            .unwrap_or(f64::NAN)
    };
    table.goal(
        "a writer's longest wait, x the best peer's",
        best(true) / best(false),
        1.0,
    );
    Ok(vec![table])
}

struct Round {
    /// Milliseconds.
    waits: Vec<f64>,
    /// On average.
    reading: f64,
}

fn read(bench: &Bench, peer: Peer) -> Result<Round> {
    let state = tempfile::tempdir()?;
    let (hold, time) = (HOLD.as_micros().to_string(), TIME.as_micros().to_string());
    let start = |job| {
        Worker::peer(
            &bench.peers,
            peer.name,
            state.path(),
            1,
            &[job, &hold, &time],
        )
    };
    let mut workers = vec![start("writes")?];
    for _ in 0..READERS {
        workers.push(start("reads")?);
    }
    go_together(&mut workers)?;
    let times = workers[0].hear()?;
    let waits = times
        .chunks(3)
        .map(|lease| (lease[1] - lease[0]) as f64 / 1e6);
    let mut reading = 0.0;
    for reader in &mut workers[1..] {
        let times = reader.hear()?;
        let held = times.chunks(2).map(|lease| (lease[1] - lease[0]) as f64);
        reading += held.sum::<f64>() / TIME.as_nanos() as f64;
    }
    Ok(Round {
        waits: waits.collect(),
        reading,
    })
}
