use std::collections::BTreeSet;

use crate::oracle::{Bounds, Story, Verdict, Violation};

/// After all have ended, every name can be taken at once: by a process whose
/// role is `probe`.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    if story.over.is_none() {
        return;
    }
    let probes = |request: &&crate::oracle::story::Request<'_>| {
        let process = story.processes.get(request.process);
        process.is_some_and(|process| process.role == "probe")
    };
    let mut taken = BTreeSet::new();
    let mut refused = Vec::new();
    for request in story.requests.iter().filter(probes) {
        if request.granted.is_some() {
            taken.extend(request.leases.iter().map(|(name, _)| name.clone()));
        } else {
            let end = request.gave_up.map(|(line, _)| line).or(request.error);
            refused.extend([Some(request.asked), end].into_iter().flatten());
        }
    }
    let names = story.pools.keys().flat_map(|pool| story.names(pool));
    let lost: Vec<_> = names.filter(|name| !taken.contains(name)).collect();
    if !lost.is_empty() {
        verdict.violations.push(Violation::new(
            "lost name",
            format!("nobody is left, but {} cannot be taken", lost.join(", ")),
            refused,
        ));
    }
}
