use std::collections::BTreeMap;

use crate::history::Line;
use crate::oracle::story::Request;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// A request that came after another's wait had begun is not served before it: the bound
/// of overtaking is 0. A waiter for one given name goes on beside the queue, once
/// it has headed it; the name is kept for it from then on.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    let mut by_pool: BTreeMap<&str, Vec<&Request<'_>>> = BTreeMap::new();
    for request in &story.requests {
        by_pool.entry(&request.ask.pool).or_default().push(request);
    }
    for requests in by_pool.values() {
        in_line(requests, verdict);
        reserved(requests, verdict);
        count(requests, verdict);
    }
}

fn in_line(requests: &[&Request<'_>], verdict: &mut Verdict) {
    // By when each turn ended; and the begin of the wait that ended there.
    let mut moments: Vec<(&Line, Option<&Line>, &Request<'_>)> = Vec::new();
    for request in requests {
        for turn in &request.turns {
            let end = match request.name() {
                None => turn.taken,
                Some(_) => turn.heads,
            };
            if let Some(end) = end {
                // A request that heads the queue at once waits there.
                moments.push((end, turn.waits.or(request.blocks), request));
            }
            if request.name().is_some()
                && let Some(taken) = turn.taken
            {
                moments.push((taken, None, request));
            }
        }
        // When it was served is not known, but by then it had been. Whether it waited,
        // and whether it was overtaken, is not known at all.
        if request.is_outside()
            && let Some(granted) = request.granted
        {
            moments.push((granted, None, request));
        }
    }
    moments.sort_by_key(|(end, ..)| end.at);
    // Of those served so far, the one that asked last.
    let mut latest: Option<(&Request<'_>, &Line)> = None;
    for (end, waits, request) in moments {
        if let (Some(waits), Some((other, served))) = (waits, latest)
            && other.asked.at > waits.at
        {
            verdict.violations.push(Violation::new(
                "overtaken",
                format!(
                    "in pool `{}`, a request that came after another's wait had begun was served before it",
                    request.ask.pool
                ),
                [waits, other.asked, served, end],
            ));
        }
        let is_taken = request.turns.iter().any(|turn| turn.taken == Some(end));
        let is_served = is_taken || request.granted == Some(end);
        if is_served && latest.is_none_or(|(other, _)| other.asked.at < request.asked.at) {
            latest = Some((request, end));
        }
    }
}

fn reserved(requests: &[&Request<'_>], verdict: &mut Verdict) {
    for request in requests {
        let (Some(name), Some(reserved), Some(taken)) =
            (request.name(), request.reserved, request.taken())
        else {
            continue;
        };
        for other in requests {
            // A request from outside took it between its asking and its being granted.
            let theirs = match other.is_outside() {
                true => Some(other.asked).zip(other.granted),
                false => other.taken().zip(other.taken()),
            };
            if let (Some((from, to)), Some(granted)) = (theirs, other.granted)
                && reserved.at < from.at
                && to.at < taken.at
                && other.leases.iter().any(|(lent, _)| lent == name)
            {
                verdict.violations.push(Violation::new(
                    "overtaken",
                    format!("`{name}` was reserved for one request and given to another"),
                    [reserved, from, granted, taken],
                ));
            }
        }
    }
}

/// How many at most were served before a request that is older than theirs.
fn count(requests: &[&Request<'_>], verdict: &mut Verdict) {
    let in_line = requests.iter().filter(|request| request.name().is_none());
    let mut served: Vec<(u64, u64)> = in_line
        .filter_map(|request| Some((request.taken()?.at, request.asked.at)))
        .collect();
    served.sort_unstable();
    // Few are served out of order, and not far from where they should be.
    let mut before: Vec<u64> = Vec::new();
    for (_, asked) in served {
        let at = before.partition_point(|other| *other < asked);
        let overtaken = before.len() - at;
        verdict.figures.overtaken = verdict.figures.overtaken.max(overtaken);
        before.insert(at, asked);
    }
}
