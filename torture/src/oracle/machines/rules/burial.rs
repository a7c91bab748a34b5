use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::scene::Scene;

/// A machine beats every sixth of a lease, and once more while a fault begins.
const BEATS: u64 = 4;

/// No machine is declared dead before a whole lease after its last beat, nor without a fault
/// of its own; and it stays dead.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for session in scene.sessions.values() {
        let Some(buried) = session.buried else {
            continue;
        };
        let beat = session.last_beat(buried.at);
        let lines = || beat.into_iter().chain([buried]);
        let mut broken = |what: String, more| {
            verdict.violations.push(Violation::new(
                "declared dead",
                format!("{} {what}", session.on),
                lines().chain(more),
            ));
        };
        if let Some(after) = session.beats.last().filter(|beat| beat.at > buried.at) {
            broken("beats after it was declared dead".to_owned(), Some(*after));
        }
        // It began before this round did.
        let Some(beat) = beat else { continue };
        let silent = buried.at - beat.at;
        if silent < scene.lease {
            let time = silent as f64 / 1e9;
            broken(format!("was declared dead after {time:.3} s"), None);
        }
        let (from, to) = (
            beat.at.saturating_sub(scene.lease / BEATS),
            beat.at + scene.lease,
        );
        let is_cause = |fault: &&super::super::fault::Fault<'_>| {
            fault.on == session.on && !fault.is_of_worker() && fault.was_between(from, to)
        };
        if scene.faults.iter().find(is_cause).is_none() {
            broken(
                "was declared dead without a fault of its own".to_owned(),
                None,
            );
        }
    }
}
