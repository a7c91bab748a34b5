//! Says whether histories of several machines could have come about under an engine that
//! keeps its promises: those of one machine, but for what nothing can prevent. A name is lent
//! to two at once only if the first one's machine was declared dead, not before a whole lease
//! after its last beat, and then the first one is told.

mod fault;
mod figures;
mod lease;
mod rules;
mod scene;
mod session;
mod waits;

pub use figures::{Figures, Wait, Waits};

use super::rules::{given, lost};
use super::{Bounds, Violation};
use crate::history::Line;
use scene::Scene;

/// What the oracle says.
#[derive(Debug)]
pub struct Verdict {
    /// What must not have happened.
    pub violations: Vec<Violation>,
    /// What did.
    pub figures: Figures,
}

/// Judges histories, whose lines are in the order of time. So long, in nanoseconds, a machine
/// may be silent.
pub fn judge(lines: &[Line], lease: u64) -> Verdict {
    let scene = Scene::new(lines, lease);
    let mut verdict = Verdict {
        violations: Vec::new(),
        figures: Figures::new(&scene),
    };
    let mut of_one = super::Verdict {
        violations: Vec::new(),
        figures: super::Figures::new(&scene.story),
    };
    given::check(&scene.story, Bounds::default(), &mut of_one);
    lost::check(&scene.story, Bounds::default(), &mut of_one);
    verdict.violations = of_one.violations;
    for rule in rules::ALL {
        rule(&scene, &mut verdict);
    }
    waits::measure(&scene, &mut verdict.figures);
    verdict
}
