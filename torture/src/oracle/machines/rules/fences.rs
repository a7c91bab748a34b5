use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::scene::Scene;

/// No two leases of a name have the same fence, and each has a higher one than all that had
/// ended before it was granted: but for those of readers side by side, and of a holder whose
/// machine had been declared dead when the next one was granted the name.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for leases in scene.leases().values() {
        for (at, high) in leases.iter().enumerate() {
            for low in &leases[..at] {
                let lent = scene.lent_at(high.name, high.fence);
                let lent = lent.unwrap_or(high.granted.at);
                let is_late = || {
                    low.granted.at > high.until
                        && low.excludes(high)
                        && !scene.may_have_lost(low, lent)
                };
                if low.fence == high.fence || is_late() {
                    let what = format!(
                        "`{}` was lent with fence {}, and with {}",
                        low.name, low.fence, high.fence
                    );
                    let lines = [high.granted, low.granted];
                    verdict
                        .violations
                        .push(Violation::new("fence", what, lines));
                }
            }
        }
    }
}
