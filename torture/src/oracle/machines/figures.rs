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
    /// How long grants took, by the kind of the one fault that may have had to do with it;
    /// `several`, or `none`.
    pub waits: BTreeMap<String, Waits>,
}

/// The longest times of a name from when it was free, and asked for, to its next grant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// So many grants.
    pub grants: usize,
    /// In nanoseconds.
    pub longest: u64,
    /// The same, after the fault was over.
    pub after: u64,
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
            own.grants += waits.grants;
            own.longest = own.longest.max(waits.longest);
            own.after = own.after.max(waits.after);
        }
    }
}
