use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::scene::Scene;

/// No lease ends before its holder ends it, is killed, or its machine is declared dead; and
/// nobody is told that it has lost one for another reason.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for lease in scene.leases().values().flatten() {
        let freed = scene.freed.get(&(lease.name, lease.fence)).copied();
        let ended_before = |at: u64| {
            let session = scene.session(lease.name, lease.fence, at);
            session.is_some_and(|session| session.buried_before(at).is_some())
        };
        if let Some(freed) = freed.filter(|freed| freed.at < lease.until)
            && !ended_before(freed.at)
        {
            verdict.violations.push(Violation::new(
                "not kept",
                format!("`{}` was taken from its holder", lease.name),
                lease.lines().chain([freed]),
            ));
        }
    }
    for request in &scene.story.requests {
        let Some(lost) = request.lost else { continue };
        verdict.figures.lost += 1;
        let was_lost = |(name, fence): &(String, Option<u64>)| {
            let session = scene.session(name, fence.unwrap_or_default(), lost.at);
            session.is_some_and(|session| session.buried_before(lost.at).is_some())
        };
        if !request.leases.iter().any(was_lost) {
            verdict.violations.push(Violation::new(
                "lost for nothing",
                "a holder was told that it had lost its lease, but its machine had not been \
                 declared dead"
                    .to_owned(),
                [request.granted, Some(lost)].into_iter().flatten(),
            ));
        }
    }
}
