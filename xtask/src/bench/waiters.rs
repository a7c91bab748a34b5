//! What a waiter costs, however many there are.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::bench::peer::OURS;
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::{Worker, go_together, now};
use crate::result::Result;

/// Processes, and the requests of each at once.
const WAITERS: [(usize, usize); 6] = [(8, 1), (125, 1), (500, 1), (1000, 1), (2000, 1), (4, 1250)];
const ROUNDS: usize = 5;

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let mut found = WAITERS.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(WAITERS.len(), round) {
            let (processes, requests) = WAITERS[at];
            // What is over soon is measured more often.
            for _ in 0..(250 / (processes * requests)).clamp(1, 25) {
                let [join, hand_over] = measure(bench, processes, requests)?;
                found[at][0].push(join);
                found[at][1].push(hand_over);
            }
        }
    }
    let mut table = Table::new(
        "The price of a waiter",
        "So many requests wait for one name; µs for each of them, from the moment when the \
         first is told to ask until all have a ticket, and from the release until the last has \
         had the name, held for no time. A few waiters share the start of the measurement, so \
         that each seems to cost more.",
        &[
            "processes",
            "requests of each",
            "to join",
            "rounds",
            "hand-over",
            "rounds",
        ],
    );
    let found = found.map(|both| both.map(Spread::new));
    for ((processes, requests), [join, hand_over]) in WAITERS.iter().zip(&found) {
        table.row(vec![
            processes.to_string(),
            requests.to_string(),
            figure(join.median()),
            join.range(),
            figure(hand_over.median()),
            hand_over.range(),
        ]);
    }
    let [few, .., processes, threads] = &found;
    for (many, who) in [
        (processes, "2000 waiters"),
        (threads, "5000 of 4 processes"),
    ] {
        for (which, what) in ["to join", "hand-over"].into_iter().enumerate() {
            table.goal(
                &format!("{what}, {who}, x 8 waiters"),
                many[which].median() / few[which].median(),
                1.5,
            );
        }
    }
    Ok(vec![table])
}

/// Microseconds for each, to join and to be handed the name.
fn measure(bench: &Bench, processes: usize, requests: usize) -> Result<[f64; 2]> {
    let waiters = processes * requests;
    let state = tempfile::tempdir()?;
    let start = |job: &[&str]| Worker::peer(&bench.peers, OURS.name, state.path(), 1, job);
    let mut holder = start(&["turns", "exclusive"])?;
    let mut crowd = Vec::new();
    let requests = requests.to_string();
    for _ in 0..processes {
        crowd.push(match requests.as_str() {
            "1" => start(&["leases", "1", "0"])?,
            _ => start(&["threads", &requests])?,
        });
    }
    holder.hear()?;
    holder.go()?;
    // Until it holds the name.
    while !state.path().join("pools/bench/names/bench-0.json").exists() {
        thread::sleep(Duration::from_micros(100));
    }
    let asked = now();
    go_together(&mut crowd)?;
    // The first is the head of the queue, and needs none.
    while last_ticket(state.path()) + 1 < waiters as u64 {
        thread::sleep(Duration::from_micros(100));
    }
    let joined = now();
    holder.go()?;
    let mut last = 0;
    for worker in &mut crowd {
        let times = worker.hear()?;
        last = last.max(*times.last().ok_or("a lease has times")?);
    }
    let released = *holder.hear()?.first().ok_or("a release has a time")?;
    let each = |nanoseconds: u64| nanoseconds as f64 / 1e3 / waiters as f64;
    Ok([each(joined - asked), each(last.saturating_sub(released))])
}

/// The number of the last ticket drawn.
fn last_ticket(state: &Path) -> u64 {
    let last = fs::read_to_string(state.join("pools/bench/line/last")).unwrap_or_default();
    let number = last
        .split('.')
        .next()
        .and_then(|number| number.parse().ok());
    number.unwrap_or(0)
}
