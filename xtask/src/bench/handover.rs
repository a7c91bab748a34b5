//! From the start of a release to the next holder, which waits in another process.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::bench::peer::{self, FLOCK, OURS, SERIAL_TEST};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::Worker;
use crate::result::Result;

const ROUNDS: usize = 50;
const EACH: usize = 10;
/// Until a process that was told to ask is blocked, and watches who holds: tests hold names for
/// longer.
pub const SETTLE: Duration = Duration::from_millis(10);

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let state = tempfile::tempdir()?;
    let mut pairs = vec![
        Pair::that_wakes("a byte through a pipe", "pipe", bench, state.path())?,
        Pair::that_wakes("a futex in shared memory", "futex", bench, state.path())?,
    ];
    for peer in peer::ALL {
        pairs.push(Pair::that_locks(
            peer.title,
            peer.name,
            bench,
            state.path(),
        )?);
    }
    for round in 0..bench.rounds(ROUNDS) {
        for at in bench.in_turn(pairs.len(), round) {
            pairs[at].round()?;
        }
    }
    let mut table = Table::new(
        "Hand-over between two processes",
        "One holds, the other waits; µs from the start of the release to the moment when \
         the other has the lock (or, for the first two, was merely woken).",
        &[
            "",
            "median",
            "p99",
            "medians of rounds",
            "x `flock`",
            "x serial_test",
        ],
    );
    let of = |title| {
        pairs
            .iter()
            .find(|pair| pair.title == title)
            .map_or(f64::NAN, Pair::median)
    };
    let (flock, serial_test) = (of(FLOCK.title), of(SERIAL_TEST.title));
    for pair in &pairs {
        let all = Spread::new(pair.rounds.concat());
        let rounds = pair.rounds.iter().cloned();
        let rounds = Spread::new(rounds.map(|round| Spread::new(round).median()).collect());
        table.row(vec![
            pair.title.to_owned(),
            figure(all.median()),
            figure(all.at(0.99)),
            rounds.range(),
            figure(all.median() / flock),
            figure(all.median() / serial_test),
        ]);
    }
    table.goal(
        "hand-over, x a blocking `flock`'s",
        of(OURS.title) / flock,
        1.5,
    );
    table.goal(
        "hand-over, x serial_test's",
        of(OURS.title) / serial_test,
        1.0,
    );
    Ok(vec![table])
}

/// Two processes that hand one lock to each other.
struct Pair {
    title: &'static str,
    holder: Worker,
    waiter: Worker,
    /// Whether the one becomes the other when it is done.
    swaps: bool,
    /// Microseconds.
    rounds: Vec<Vec<f64>>,
}

impl Pair {
    fn that_locks(title: &'static str, peer: &str, bench: &Bench, state: &Path) -> Result<Self> {
        let start = || Worker::peer(&bench.peers, peer, state, 1, &["turns", "exclusive"]);
        let mut pair = Self {
            title,
            holder: start()?,
            waiter: start()?,
            swaps: true,
            rounds: Vec::new(),
        };
        pair.ready()?;
        pair.holder.go()?;
        pair.holder.hear()?;
        Ok(pair)
    }

    fn that_wakes(title: &'static str, means: &str, bench: &Bench, state: &Path) -> Result<Self> {
        let start = |role| Worker::peer(&bench.peers, means, state, 1, &[role]);
        let mut pair = Self {
            title,
            holder: start("wake")?,
            waiter: start("wait")?,
            swaps: false,
            rounds: Vec::new(),
        };
        pair.ready()?;
        Ok(pair)
    }

    fn ready(&mut self) -> Result<()> {
        self.holder.hear()?;
        self.waiter.hear().map(drop)
    }

    fn round(&mut self) -> Result<()> {
        let times: Result<_> = (0..EACH).map(|_| self.hand_over()).collect();
        self.rounds.push(times?);
        Ok(())
    }

    fn hand_over(&mut self) -> Result<f64> {
        self.waiter.go()?;
        thread::sleep(SETTLE);
        self.holder.go()?;
        let released = self.holder.hear()?[0];
        let granted = self.waiter.hear()?[0];
        if self.swaps {
            std::mem::swap(&mut self.holder, &mut self.waiter);
        }
        Ok((granted as f64 - released as f64) / 1e3)
    }

    fn median(&self) -> f64 {
        Spread::new(self.rounds.concat()).median()
    }
}
