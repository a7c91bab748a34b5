use crate::history::Line;
use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::fault::Fault;
use crate::oracle::machines::scene::Scene;
use crate::oracle::machines::session::Session;

/// A machine beats every sixth of a lease, and its last beat before a fault may be a little
/// older.
const BEATS: u64 = 4;

/// No machine is declared dead before a whole lease after its last beat, nor without a fault
/// of its own; and it stays dead, unless the server forgets that.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for session in scene.sessions.values() {
        for buried in &session.buried {
            for (what, lines) in wrong(scene, session, buried) {
                let what = format!("{} {what}", session.on);
                let violation = Violation::new("declared dead", what, lines);
                verdict.violations.push(violation);
            }
        }
    }
}

fn wrong<'a>(
    scene: &Scene<'a>,
    session: &Session<'a>,
    buried: &'a Line,
) -> Vec<(String, Vec<&'a Line>)> {
    let mut wrong = Vec::new();
    let after = session.beats.iter().find(|beat| beat.at > buried.at);
    let is_forgotten = |until: u64| {
        let mut forgets = scene.forgets.iter();
        forgets.any(|forgets| (buried.at..=until).contains(forgets))
    };
    if let Some(after) = after.filter(|after| !is_forgotten(after.at)) {
        let what = "beats after it was declared dead";
        wrong.push((what.to_owned(), vec![buried, *after]));
    }
    // It may have begun before this round did.
    let Some(beat) = session.last_beat(buried.at) else {
        return wrong;
    };
    let silent = buried.at - beat.at;
    if silent < scene.lease {
        let what = format!("was declared dead after {:.3} s", silent as f64 / 1e9);
        wrong.push((what, vec![beat, buried]));
    }
    let from = beat.at.saturating_sub(scene.lease / BEATS);
    let is_cause = |fault: &Fault<'_>| {
        let its_own = fault.on == session.on && !fault.is_of_worker();
        its_own && fault.was_between(from, beat.at + scene.lease)
    };
    if !scene.faults.iter().any(is_cause) {
        let what = "was declared dead without a fault of its own";
        wrong.push((what.to_owned(), vec![beat, buried]));
    }
    wrong
}
