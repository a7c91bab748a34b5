use std::collections::BTreeMap;

use super::scene::Scene;

/// What happened, in numbers.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Faults of each kind.
    pub faults: BTreeMap<String, usize>,
    /// Requests that were granted what they had asked for.
    pub grants: usize,
    /// Sessions that were declared dead.
    pub buried: usize,
    /// Requests that were told that they had lost a lease.
    pub lost: usize,
    /// Two holders of a name, as they may be.
    pub overlaps: usize,
    /// Requests that failed.
    pub errors: usize,
    /// How long grants took, by the kinds of the faults that may have had to do with it, or
    /// `none`.
    pub waits: BTreeMap<String, Waits>,
}

/// Grants beside faults of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// With one fault of that kind and none of another.
    pub alone: Wait,
    /// With several faults.
    pub beside: Wait,
}

/// From when a name was free, and asked for, to its next grant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait {
    /// So many grants.
    pub grants: usize,
    /// The longest, in nanoseconds.
    pub longest: u64,
}

impl Wait {
    pub(super) fn add(&mut self, grants: usize, longest: u64) {
        self.grants += grants;
        self.longest = self.longest.max(longest);
    }
}

impl Figures {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let mut figures = Self::default();
        for fault in &scene.faults {
            *figures.faults.entry(fault.kind.to_owned()).or_default() += 1;
        }
        let granted = |request: &&crate::oracle::story::Request<'_>| request.granted.is_some();
        figures.grants = scene.story.requests.iter().filter(granted).count();
        let sessions = scene.sessions.values();
        figures.buried = sessions.map(|session| session.buried.len()).sum();
        figures
    }

    /// Adds those of another round.
    pub fn add(&mut self, other: &Self) {
        for (kind, number) in &other.faults {
            *self.faults.entry(kind.clone()).or_default() += number;
        }
        self.grants += other.grants;
        self.buried += other.buried;
        self.lost += other.lost;
        self.overlaps += other.overlaps;
        self.errors += other.errors;
        for (kind, waits) in &other.waits {
            let own = self.waits.entry(kind.clone()).or_default();
            own.alone.add(waits.alone.grants, waits.alone.longest);
            own.beside.add(waits.beside.grants, waits.beside.longest);
        }
    }
}
