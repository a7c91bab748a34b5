//! Says whether histories could have come about under an engine that keeps its
//! promises. A pure function of them: it knows nothing of the engine.

mod death;
mod failures;
mod figures;
pub mod machines;
mod rules;
mod story;
mod violation;

pub use death::{Death, Group, deaths};
pub use figures::Figures;
pub use story::Story;
pub use violation::Violation;

use crate::history::Line;

/// How long things may take that no promise bounds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// A name may be free for so long while somebody waits for just one, in nanoseconds.
    pub idle: u64,
    /// A waiter that would wait for this long must be served.
    pub patience: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            idle: 5_000_000_000,
            patience: 30_000_000_000,
        }
    }
}

/// What the oracle says.
#[derive(Debug)]
pub struct Verdict {
    /// What must not have happened.
    pub violations: Vec<Violation>,
    /// What did.
    pub figures: Figures,
}

/// Judges histories, whose lines are in the order of time.
pub fn judge(lines: &[Line], bounds: Bounds) -> Verdict {
    let story = Story::new(lines);
    let mut verdict = Verdict {
        violations: Vec::new(),
        figures: Figures::new(&story),
    };
    for rule in rules::ALL {
        rule(&story, bounds, &mut verdict);
    }
    verdict
}
