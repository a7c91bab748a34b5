//! How long a recorded run would have taken with pools of other sizes.
//!
//! How the replay decides:
//!
//! - Every thread that asked for names is played again step by step: it asks,
//!   holds, does what it did between, and gives back, each for as long as was
//!   recorded. Only the waits are recomputed.
//! - A pool's queue is served in the order of arrival, by the same rules as the
//!   engine's: no request overtakes the head of the queue, readers share names, and
//!   a waiter for one given name waits beside the queue and has it reserved.
//! - No more threads of a process and no more processes of the run are under way
//!   at once than were at the most. Each that ends makes room for the next, in
//!   the recorded order, after the pause that was recorded there.
//! - Leases and waits of other runs that overlapped with this run are replayed along;
//!   the outcome counts the run itself.
//! - A request that was given up waits as long as it did. If it is granted before that,
//!   its body takes the median time of the pool's others.
//! - A pool with an allocator is taken to be as large as it was at the most.
//! - `init` is done for the first lease of each name, `reset` for every other:
//!   each for as long as the median of those recorded.
//!
//! What it cannot know: bodies that slow each other down (on the processors, on a
//! disk), and tests that ask for no name. Both stay as they were recorded.
//!
//! May import `events`.

mod crew;
mod outcome;
mod play;
mod program;
mod queue;

pub use outcome::Outcome;
pub use program::{Recorder, Run};

/// Replays of one run, the pool in question smaller and larger.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The size that it had in the recorded run.
    pub recorded: usize,
    /// Sizes and their outcomes.
    pub sizes: Vec<(usize, Outcome)>,
}

/// Smaller differences count as none.
const SLIGHT: f64 = 0.01;

impl WhatIf {
    pub fn at(&self, size: usize) -> Option<Outcome> {
        let mut sizes = self.sizes.iter();
        sizes
            .find(|(at, _)| *at == size)
            .map(|(_, outcome)| *outcome)
    }

    /// The least size that is as good as any.
    pub fn enough(&self) -> Option<usize> {
        let best = self
            .sizes
            .iter()
            .map(|(_, outcome)| outcome.makespan)
            .min()?;
        let good = |outcome: &Outcome| outcome.makespan as f64 <= best as f64 * (1.0 + SLIGHT);
        let mut sizes = self.sizes.iter();
        sizes
            .find(|(_, outcome)| good(outcome))
            .map(|(size, _)| *size)
    }
}

/// How large pools are tried.
const LARGEST: usize = 64;
/// Up to this many sizes are tried; of more, only some.
const SIZES: usize = 16;

/// Replays the run with this pool in other sizes; `None` if the run does not use it.
pub fn what_if(run: &Run, pool: &str) -> Option<WhatIf> {
    let at = run.pool(pool)?;
    let recorded = run.size(at);
    let least = run.least_size(at);
    // More names than could be wanted at once change nothing.
    let most = run
        .most_wanted(at)
        .max(recorded)
        .max(least)
        .min(LARGEST.max(least));
    let mut sizes: Vec<usize> = (least..=most).collect();
    if sizes.len() > SIZES {
        let step = sizes.len().div_ceil(SIZES);
        sizes.retain(|size| {
            (size - least).is_multiple_of(step) || *size == most || size.abs_diff(recorded) <= 1
        });
    }
    let sizes = sizes
        .into_iter()
        .filter_map(|size| Some((size, play::play(run, at, size)?)));
    Some(WhatIf {
        recorded,
        sizes: sizes.collect(),
    })
}
