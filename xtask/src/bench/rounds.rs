//! How often each of the compared is measured, and when it is its turn.

use std::path::PathBuf;

/// One run of the comparisons.
pub struct Bench {
    /// The program of `xtask/peers`.
    pub peers: PathBuf,
    /// A fifth of the rounds: to see that all works.
    pub quick: bool,
}

impl Bench {
    pub fn rounds(&self, rounds: usize) -> usize {
        match self.quick {
            true => rounds.div_ceil(5),
            false => rounds,
        }
    }

    /// Everybody once, each round begun by another, so that the machine's moods
    /// are the same for all.
    pub fn in_turn(&self, count: usize, round: usize) -> impl Iterator<Item = usize> + use<> {
        (0..count).map(move |at| (at + round) % count)
    }
}
