//! Many processes over few names, against the time that the names must be held
//! in any case.

use std::time::Duration;

use crate::bench::peer::{self, FLOCK, OURS, Peer};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::bench::worker::{Worker, go_together};
use crate::result::Result;

struct Crowd {
    processes: usize,
    leases: usize,
    hold: Duration,
    names: usize,
    rounds: usize,
    /// Of the ideal time, if there is one.
    goal: Option<f64>,
}

const CROWDS: [Crowd; 5] = [
    Crowd {
        processes: 8,
        leases: 50,
        hold: Duration::from_millis(5),
        names: 1,
        rounds: 5,
        goal: Some(1.05),
    },
    Crowd {
        processes: 8,
        leases: 50,
        hold: Duration::from_millis(5),
        names: 2,
        rounds: 5,
        goal: Some(1.05),
    },
    Crowd {
        processes: 64,
        leases: 1,
        hold: Duration::from_millis(1),
        names: 1,
        rounds: 9,
        goal: Some(1.3),
    },
    Crowd {
        processes: 500,
        leases: 1,
        hold: Duration::from_millis(1),
        names: 1,
        rounds: 3,
        goal: None,
    },
    Crowd {
        processes: 2000,
        leases: 1,
        hold: Duration::from_millis(1),
        names: 1,
        rounds: 3,
        goal: None,
    },
];

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    CROWDS.iter().map(|crowd| compare(bench, crowd)).collect()
}

fn compare(bench: &Bench, crowd: &Crowd) -> Result<Table> {
    let able = |peer: &Peer| crowd.names == 1 || peer.has_pools;
    let mut found = peer::ALL.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..bench.rounds(crowd.rounds) {
        for at in bench.in_turn(peer::ALL.len(), round) {
            if able(&peer::ALL[at]) {
                let [time, wait] = crowd.run(bench, peer::ALL[at])?;
                found[at][0].push(time);
                found[at][1].push(wait);
            }
        }
    }
    let what = format!(
        "{} processes x {} x {:?} over {}",
        crowd.processes,
        crowd.leases,
        crowd.hold,
        match crowd.names {
            1 => "1 name".to_owned(),
            names => format!("{names} names"),
        }
    );
    let ideal = crowd.hold * (crowd.processes * crowd.leases / crowd.names) as u32;
    let mut table = Table::new(
        &what,
        &format!(
            "The time from the first grant to the last release, as a multiple of the ideal (the \
             sum of all actual holds, spread over the names: {ideal:?}, and more where sleeps \
             overran); and the longest single wait, as a multiple of a fair one (every other \
             process once). All processes are started beforehand."
        ),
        &["", "x ideal", "rounds", "longest wait, x fair", "rounds"],
    );
    let found = found.map(|both| both.map(|all| (!all.is_empty()).then(|| Spread::new(all))));
    for (peer, found) in peer::ALL.iter().zip(&found) {
        table.row(match found {
            [Some(time), Some(wait)] => vec![
                peer.title.to_owned(),
                format!("{:.3}", time.median()),
                format!("{:.3} to {:.3}", time.at(0.0), time.max()),
                figure(wait.median()),
                wait.range(),
            ],
            _ => vec![peer.title.to_owned(), "has no pools".to_owned()],
        });
    }
    let median = |of: &dyn Fn(&Peer) -> bool, which: usize| {
        let chosen = peer::ALL.iter().zip(&found).filter(|(peer, _)| of(peer));
        let medians = chosen.filter_map(|(_, found)| Some(found[which].as_ref()?.median()));
        medians.min_by(f64::total_cmp)
    };
    let ours = |which| median(&|peer| *peer == OURS, which).unwrap_or(f64::NAN);
    if let Some(goal) = crowd.goal {
        table.goal(&format!("{what}, x ideal"), ours(0), goal);
    }
    for (which, of) in [(0, "time"), (1, "longest wait")] {
        if let Some(best) = median(&|peer| ![FLOCK, OURS].contains(peer), which) {
            let text = format!("{what}, {of}, x the best peer's");
            table.goal(&text, ours(which) / best, 1.0);
        }
    }
    Ok(table)
}

impl Crowd {
    /// The time as a multiple of the ideal, and the longest wait of a fair one.
    fn run(&self, bench: &Bench, peer: Peer) -> Result<[f64; 2]> {
        let state = tempfile::tempdir()?;
        let (leases, hold) = (self.leases.to_string(), self.hold.as_micros().to_string());
        let job = ["leases", &leases, &hold];
        let mut workers = Vec::new();
        for _ in 0..self.processes {
            let worker = Worker::peer(&bench.peers, peer.name, state.path(), self.names, &job)?;
            workers.push(worker);
        }
        go_together(&mut workers)?;
        let (mut first, mut last) = (u64::MAX, 0);
        let (mut held, mut longest) = (0, 0);
        for worker in &mut workers {
            for lease in worker.hear()?.chunks(3) {
                let &[asked, granted, released] = lease else {
                    return Err("a lease has three times".into());
                };
                first = first.min(granted);
                last = last.max(released);
                held += released - granted;
                longest = longest.max(granted - asked);
            }
        }
        let ideal = held as f64 / self.names as f64;
        let others = (self.processes - self.names) as f64;
        let fair = ideal / (self.processes * self.leases) as f64 * others;
        Ok([(last - first) as f64 / ideal, longest as f64 / fair])
    }
}
