use std::collections::BTreeMap;

use crate::history::{Line, What};
use crate::oracle::failures::{Count, broken};
use crate::oracle::story::{Decided, Request};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// No name is free for long while somebody waits for just one: a lost wake-up.
/// Where a request for several waits, which may have taken some, nothing is said.
pub(crate) fn check(story: &Story<'_>, bounds: Bounds, verdict: &mut Verdict) {
    for pool in story.pools.keys() {
        for name in story.names(pool) {
            check_name(story, pool, &name, bounds, verdict);
        }
    }
}

#[derive(Clone, Copy)]
enum Change {
    Waiters,
    Several,
    Holders,
}

fn check_name(story: &Story<'_>, pool: &str, name: &str, bounds: Bounds, verdict: &mut Verdict) {
    let mut moments: Vec<(u64, Change, i64, &Line)> = Vec::new();
    for request in story
        .requests
        .iter()
        .filter(|request| request.ask.pool == pool)
    {
        let turn = request.turns.last().copied().unwrap_or_default();
        let end = end(story, request);
        // A name may be out of reach from just before it is known to be taken; and, of a
        // request from outside, as soon as it may have been made.
        let out_of_reach = match request.is_outside() {
            true => Some(request.asked),
            false => turn.taken,
        };
        if let (Some(taken), true) = (
            out_of_reach,
            request.leases.is_empty() || request.leases.iter().any(|(lent, _)| lent == name),
        ) {
            moments.push((taken.at, Change::Holders, 1, taken));
            if let Some(end) = end {
                moments.push((end.0, Change::Holders, -1, end.1));
            }
        }
        // A request that heads the queue at once was not queued, and may wait all the same.
        let at_once = match request.turns.len() {
            0 | 1 => request.blocks.or(request.reserved),
            _ => None,
        };
        let Some(waits) = turn.waits.or(at_once) else {
            continue;
        };
        let change = match &request.ask.what {
            What::Any if request.ask.count == 1 => Change::Waiters,
            What::Name(wanted) if wanted == name => Change::Waiters,
            What::Name(_) => continue,
            What::Any | What::All => Change::Several,
        };
        let until = turn.taken.map(|line| (line.at, line)).or(end);
        moments.push((waits.at, change, 1, waits));
        if let Some((at, line)) = until {
            moments.push((at, change, -1, line));
        }
    }
    // A hook may be called for no request: the reaper has the name meanwhile.
    for call in story.calls.iter().filter(|call| call.hook.name == name) {
        moments.push((call.begins.at, Change::Holders, 1, call.begins));
        if let Some((at, line)) = story.ended_by(call) {
            moments.push((at, Change::Holders, -1, line));
        }
    }
    // An allocator decides which name is granted: as long as it grants any, none is idle.
    for decision in &story.decisions {
        if decision.pool == pool && matches!(decision.what, Decided::Grants { .. }) {
            let (at, line) = (decision.line.at, decision.line);
            moments.push((at, Change::Holders, 1, line));
            moments.push((at, Change::Holders, -1, line));
        }
    }
    // A broken name is of no use to those that wait.
    for broken in broken(story, pool, name, Count::Possible) {
        moments.push((broken.from.at, Change::Holders, 1, broken.from));
        if broken.until < u64::MAX {
            moments.push((broken.until, Change::Holders, -1, broken.from));
        }
    }
    moments.sort_by_key(|(at, ..)| *at);
    let mut counts: BTreeMap<u8, i64> = BTreeMap::new();
    let mut idle: Option<(u64, &Line)> = None;
    for (at, change, by, line) in moments {
        *counts.entry(change as u8).or_default() += by;
        let now = |change: Change| counts.get(&(change as u8)).copied().unwrap_or_default();
        let is_idle =
            now(Change::Waiters) > 0 && now(Change::Several) == 0 && now(Change::Holders) == 0;
        if let Some((since, first)) = idle {
            verdict.figures.idle = verdict.figures.idle.max(at - since);
            if at - since > bounds.idle {
                verdict.violations.push(Violation::new(
                    "idle",
                    format!(
                        "`{name}` was free for {:.1} s while somebody waited",
                        (at - since) as f64 / 1e9
                    ),
                    [first, line],
                ));
                idle = None;
            }
        }
        idle = match is_idle {
            false => None,
            true => idle.or(Some((at, line))),
        };
    }
}

/// By when the request has surely nothing more to do with any name.
fn end<'a>(story: &Story<'a>, request: &Request<'a>) -> Option<(u64, &'a Line)> {
    let own = [
        request.released,
        request.gave_up.map(|(line, _)| line),
        request.error,
    ];
    if let Some(line) = own.into_iter().flatten().next() {
        return Some((line.at, line));
    }
    let killed = story.killed_for(request)?;
    let gone = story
        .processes
        .get(request.owner)
        .and_then(|process| process.gone);
    Some((gone.map_or(killed.at, |gone| gone.at), killed))
}
