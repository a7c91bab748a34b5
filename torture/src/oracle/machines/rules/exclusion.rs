use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::lease::Lease;
use crate::oracle::machines::scene::Scene;

/// Nobody holds a name while another does, but readers beside readers; and but for a holder
/// whose machine had been declared dead by then, and who is told.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for leases in scene.leases().values() {
        for (at, second) in leases.iter().enumerate() {
            for first in &leases[..at] {
                let overlap = first.granted.at < second.until && second.granted.at < first.until;
                if !overlap || !first.excludes(second) {
                    continue;
                }
                match why_not(scene, first, second) {
                    None => verdict.figures.overlaps += 1,
                    Some(why) => verdict.violations.push(Violation::new(
                        "held twice",
                        format!(
                            "`{}` had two holders that exclude each other: {why}",
                            first.name
                        ),
                        first.lines().chain(second.lines()),
                    )),
                }
            }
        }
    }
}

/// Why the second must not have been granted what the first one has.
fn why_not(scene: &Scene<'_>, first: &Lease<'_>, second: &Lease<'_>) -> Option<String> {
    let lent = scene.lent_at(second.name, second.fence);
    let lent = lent.unwrap_or(second.granted.at);
    if scene.was_forgotten(first, lent) {
        // The server may have forgotten to tell it, too.
        return None;
    }
    if !scene.may_have_lost(first, lent) {
        return Some("the first one's machine was not declared dead".to_owned());
    }
    match first.was_told() {
        true => None,
        false => Some("the first one was not told".to_owned()),
    }
}
