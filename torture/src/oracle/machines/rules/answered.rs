use crate::oracle::Violation;
use crate::oracle::machines::Verdict;
use crate::oracle::machines::scene::Scene;

/// Everybody is answered in the end. Nobody gives up in a wait that is longer than all faults,
/// and nobody fails who has heard of none.
pub(in super::super) fn check(scene: &Scene<'_>, verdict: &mut Verdict) {
    for request in &scene.story.requests {
        let killed = scene.story.killed(request.process);
        if let Some((line, why)) = request.gave_up
            && why != "busy"
        {
            verdict.violations.push(Violation::new(
                "starved",
                format!("a request gave up: {why}"),
                [request.asked, line],
            ));
        }
        if let Some(error) = request.error {
            verdict.figures.errors += 1;
            let on = scene.story.run(request.process);
            let from = request.asked.at.saturating_sub(2 * scene.lease);
            let is_cause = |fault: &&super::super::fault::Fault<'_>| {
                (fault.is_of_server() || fault.on == on) && fault.was_between(from, error.at)
            };
            if scene.faults.iter().find(is_cause).is_none() {
                verdict.violations.push(Violation::new(
                    "error",
                    "a request failed without a fault".to_owned(),
                    [request.asked, error],
                ));
            }
        }
        let is_hang = killed.is_some_and(|line| line.text.ends_with("why=hang"));
        if !request.has_ended() && request.lost.is_none() && (killed.is_none() || is_hang) {
            verdict.violations.push(Violation::new(
                "left waiting",
                "a request was never answered, or its end never".to_owned(),
                [
                    Some(request.asked),
                    request.granted,
                    request.releases,
                    killed,
                ]
                .into_iter()
                .flatten(),
            ));
        }
    }
}
