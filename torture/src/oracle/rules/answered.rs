use crate::history::{Event, How};
use crate::oracle::failures;
use crate::oracle::story::{Call, Request};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// Every live request is answered: with what it asked for, or with a reason that
/// is one.
pub(crate) fn check(story: &Story<'_>, bounds: Bounds, verdict: &mut Verdict) {
    for request in &story.requests {
        if let Some((rule, what)) = fault(story, bounds, request) {
            let last = request.turns.last();
            let lines = [
                Some(request.asked),
                last.and_then(|turn| turn.waits),
                last.and_then(|turn| turn.first),
                last.and_then(|turn| turn.heads),
                request.blocks,
                request.reserved,
                request.gave_up.map(|(line, _)| line),
                request.error,
                story.killed(request.process),
            ];
            let lines = lines.into_iter().flatten();
            verdict.violations.push(Violation::new(rule, what, lines));
        }
    }
}

fn fault(
    story: &Story<'_>,
    bounds: Bounds,
    request: &Request<'_>,
) -> Option<(&'static str, String)> {
    let pool = &request.ask.pool;
    if let Some(error) = request.error {
        let Event::Error { text, .. } = &error.event else {
            return None;
        };
        return Some((
            "error",
            format!("a request to pool `{pool}` failed: {text}"),
        ));
    }
    let Some((end, why)) = request.gave_up else {
        return unanswered(story, request);
    };
    let waited = end.at - request.asked.at;
    match (why, request.ask.how) {
        ("busy", How::Try) => None,
        ("timeout", How::Within(time)) if waited < time => Some((
            "gave up early",
            format!("a request to pool `{pool}` timed out after {waited} ns of {time}"),
        )),
        ("timeout", How::Within(time)) if time >= bounds.patience => Some((
            "starved",
            format!(
                "a request to pool `{pool}` was not served in {} s",
                time / 1_000_000_000
            ),
        )),
        ("timeout", How::Within(_)) => None,
        ("deadlock" | "held", How::Within(_)) => {
            let holds = |other: &Request<'_>| {
                (other.process, other.thread) == (request.process, request.thread)
                    // One call may ask for several, and hold some while it waits.
                    && other.taken().is_some_and(|line| line.at < end.at)
                    && other.releases.is_none_or(|line| line.at > end.at)
            };
            let nothing = !story.requests.iter().any(holds);
            nothing.then(|| {
                let what = format!("a request of a process that holds nothing ended as {why}");
                ("false deadlock", what)
            })
        }
        ("hook", _) => {
            let own = |call: &Call<'_>| {
                (call.process, call.thread) == (request.process, request.thread)
                    && call
                        .failed
                        .is_some_and(|failed| request.asked.at < failed.at && failed.at < end.at)
            };
            let none = !story.calls.iter().any(own);
            none.then(|| {
                let what = "a request failed for a hook that did not fail";
                ("error", what.to_owned())
            })
        }
        ("broken", _) => {
            // One call may ask for several, and all fail with the first.
            let with = |other: &Request<'_>| {
                (other.process, other.thread) == (request.process, request.thread)
                    && other
                        .gave_up
                        .is_some_and(|(line, why)| why == "broken" && request.asked.at < line.at)
                    && other.asked.at < end.at
            };
            let mut with = story.requests.iter().filter(|other| with(other));
            let none = !with.any(|other| failures::leave_nothing(story, other));
            none.then(|| {
                let what = format!("a request to pool `{pool}` found it broken, which it was not");
                ("error", what)
            })
        }
        // The reaper that was just being started was killed.
        ("reaper", _) => {
            let dead = |process: &crate::oracle::story::Process<'_>| {
                process.role == "reaper" && process.killed.is_some()
            };
            let none = !story.processes.values().any(dead);
            none.then(|| {
                let what = "a request failed for want of a reaper that nobody killed";
                ("error", what.to_owned())
            })
        }
        (why, _) => Some((
            "error",
            format!("a request to pool `{pool}` ended as `{why}`"),
        )),
    }
}

fn unanswered(story: &Story<'_>, request: &Request<'_>) -> Option<(&'static str, String)> {
    if request.is_answered() || story.over.is_none() {
        return None;
    }
    let hang = |line: &crate::history::Line| matches!(&line.event, Event::Kills { why, .. } if why == "hang");
    match story.killed_for(request) {
        Some(killed) if !hang(killed) => None,
        _ => Some((
            "left waiting",
            format!(
                "a request to pool `{}` was never answered",
                request.ask.pool
            ),
        )),
    }
}
