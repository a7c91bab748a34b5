use crate::history::Line;
use crate::oracle::story::Request;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// An unbounded pool lends its lowest free names, and makes a new one only when all are
/// held.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    let unbounded = |pool: &crate::oracle::story::Pool| pool.max.is_none() && !pool.allocator;
    for (pool, _) in story.pools.iter().filter(|(_, pool)| unbounded(pool)) {
        let of_pool = |request: &&Request<'_>| request.ask.pool == *pool;
        let requests: Vec<_> = story.requests.iter().filter(of_pool).collect();
        for request in &requests {
            if let Some(violation) = skips(story, pool, &requests, request) {
                verdict.violations.push(violation);
            }
        }
    }
}

/// The name that the request could have had instead of a higher one.
fn skips(
    story: &Story<'_>,
    pool: &str,
    requests: &[&Request<'_>],
    request: &Request<'_>,
) -> Option<Violation> {
    // Of readers that lost theirs it is not known which they had before.
    let [turn] = &request.turns[..] else {
        return None;
    };
    let (granted, taken) = (request.granted?, turn.taken?);
    // It was the head of the queue between these, or was not yet.
    let from = turn.heads.unwrap_or(request.asked);
    let index = |name: &String| -> Option<usize> {
        let number = name.strip_prefix(pool)?.strip_prefix('-')?;
        number.parse().ok()
    };
    let own: Vec<_> = request
        .leases
        .iter()
        .filter_map(|(name, _)| index(name))
        .collect();
    let highest = own.iter().copied().max()?;
    let free = (0..highest).find(|at| {
        let name = format!("{pool}-{at}");
        !own.contains(at)
            && !requests.iter().any(|other| {
                !std::ptr::eq(*other, request) && may_have(story, other, &name, from, taken)
            })
    })?;
    Some(Violation::new(
        "not the lowest",
        format!("`{pool}-{highest}` was lent while `{pool}-{free}` was free"),
        [request.asked, from, taken, granted],
    ))
}

/// Whether the other request may have had that name between these lines.
fn may_have(story: &Story<'_>, other: &Request<'_>, name: &str, from: &Line, taken: &Line) -> bool {
    let is_it = other.leases.is_empty() || other.leases.iter().any(|(lent, _)| lent == name);
    // It heads the queue when it takes a name, and is said to have it before it leaves.
    let begins = match other.turns.first().and_then(|turn| turn.taken) {
        Some(line) if !other.is_outside() => line,
        _ => other.asked,
    };
    let lost = other.turns.len() > 1;
    let ended = [
        other.released,
        other.gave_up.map(|(line, _)| line),
        other.error,
    ];
    let ended = ended.into_iter().flatten().map(|line| line.at).next();
    let gone = || story.processes.get(other.owner)?.gone.map(|line| line.at);
    let until = ended.or_else(gone).unwrap_or(u64::MAX);
    (is_it || lost) && begins.at < taken.at && until > from.at
}
