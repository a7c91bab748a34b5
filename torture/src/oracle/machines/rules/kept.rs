use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::lease::Lease;
use crate::oracle::machines::scene::Scene;

/// No lease ends before its holder ends it, is killed, or its machine is declared dead; and
/// nobody is told that it has lost one for another reason.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for lease in scene.leases().values().flatten() {
        let freed = scene.freed.get(&(lease.name, lease.fence)).copied();
        if let Some(freed) = freed.filter(|freed| freed.at < lease.until)
            && !scene.may_have_lost(lease, freed.at)
        {
            verdict.violations.push(Violation::new(
                "not kept",
                format!("`{}` was taken from its holder", lease.name),
                lease.lines().chain([freed]),
            ));
        }
    }
    let leases = scene.leases();
    for request in &scene.story.requests {
        let Some(lost) = request.lost else { continue };
        verdict.figures.lost += 1;
        let mut all = leases.values().flatten();
        let may_have_lost = |lease: &Lease<'_>| {
            lease.granted == request.granted.unwrap_or(lost) && scene.may_have_lost(lease, lost.at)
        };
        if !all.any(may_have_lost) {
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
