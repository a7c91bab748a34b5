use std::collections::BTreeMap;

use crate::history::Line;
use crate::oracle::story::{Decided, Decision, Request};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// An allocator sees every earlier decision, and is told once of each holder that ended,
/// before it is asked again.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for (pool, _) in story.pools.iter().filter(|(_, pool)| pool.allocator) {
        let mut allocator = Allocator {
            story,
            pool,
            standing: story.decisions.iter().filter_map(grant_of).collect(),
            out: BTreeMap::new(),
            latest: None,
            found: Vec::new(),
        };
        for decision in story.decisions.iter().filter(|made| made.pool == *pool) {
            allocator.walk(decision);
        }
        verdict.violations.append(&mut allocator.found);
    }
}

struct Allocator<'s, 'a> {
    story: &'s Story<'a>,
    pool: &'a str,
    /// The last decision on each request that granted something. Those before it were
    /// dropped: a waiter before it was served first, or was asked for.
    standing: BTreeMap<usize, &'a Line>,
    /// What it granted last under each name.
    out: BTreeMap<&'a str, Out<'a>>,
    /// The latest decision that is surely in force.
    latest: Option<(u64, &'a Line)>,
    found: Vec<Violation>,
}

struct Out<'a> {
    granted: &'a Line,
    request: Option<usize>,
    /// When it was told that the holder had ended.
    back: Option<&'a Line>,
}

impl<'a> Allocator<'_, 'a> {
    fn walk(&mut self, decision: &Decision<'a>) {
        match decision.what {
            Decided::Busy => self.is_asked(decision),
            Decided::Grants { name, turn } => {
                self.is_asked(decision);
                self.grants(decision, name, turn);
            }
            Decided::TakesBack(name) => self.takes_back(decision.line, name),
        }
    }

    /// Before, it was told of all that had ended when this was asked for.
    fn is_asked(&mut self, decision: &Decision<'a>) {
        let Some(asked) = self.request(decision.request).map(|request| request.asked) else {
            return;
        };
        let mut untold = Vec::new();
        for (name, out) in self.out.iter_mut().filter(|(_, out)| out.back.is_none()) {
            let request = out.request.map(|request| &self.story.requests[request]);
            let Some(end) = request.and_then(|request| ended(self.story, request)) else {
                continue;
            };
            if end.at < asked.at {
                untold.push((*name, [out.granted, end, asked, decision.line]));
                // Once is enough.
                out.back = Some(decision.line);
            }
        }
        for (name, lines) in untold {
            let what = format!("was not told that the holder of `{name}` had ended");
            self.report("not told", &what, lines);
        }
    }

    fn grants(&mut self, decision: &Decision<'a>, name: &'a str, turn: u64) {
        let line = decision.line;
        if let Some((latest, before)) = self.latest.filter(|(latest, _)| turn <= *latest) {
            let what = format!("granted for the {turn}th time after it had for the {latest}th");
            self.report("forgotten", &what, [before, line]);
        }
        let stands = decision
            .request
            .is_none_or(|request| self.standing.get(&request) == Some(&line));
        if !stands {
            return;
        }
        let is_in_force = self.request(decision.request).is_some_and(|request| {
            request.granted.is_some() && request.leases.iter().any(|(lent, _)| lent == name)
        });
        if is_in_force {
            self.latest = Some((turn, line));
        }
        let out = Out {
            granted: line,
            request: decision.request,
            back: None,
        };
        if let Some(before) = self.out.insert(name, out)
            && before.back.is_none()
            && self.is_certain(&before)
        {
            let what = format!("granted `{name}` again, which it was not told to be back");
            self.report("not told", &what, [before.granted, line]);
        }
    }

    fn takes_back(&mut self, line: &'a Line, name: &'a str) {
        let Some(out) = self.out.get_mut(name) else {
            let what = format!("was told that `{name}` is back, which it never granted");
            self.report("told twice", &what, [line]);
            return;
        };
        let (granted, before) = (out.granted, out.back.replace(line));
        let request = out.request.map(|request| &self.story.requests[request]);
        if let Some(before) = before {
            // A killed process may not have written down that it had told it.
            if self.story.killed(&before.process).is_none() {
                let what = format!("was told twice that `{name}` is back");
                self.report("told twice", &what, [granted, before, line]);
            }
        } else if let Some(request) = request
            && let Some(lent) = request.granted
            && self.story.held_until(request) > line.at
        {
            let what = format!("was told that `{name}` is back, which is held");
            let lines = [Some(granted), Some(lent), Some(line), request.releases];
            self.report("told too soon", &what, lines.into_iter().flatten());
        }
    }

    fn request(&self, at: Option<usize>) -> Option<&Request<'a>> {
        at.map(|at| &self.story.requests[at])
    }

    /// Whether the decision was surely written down: its request was answered with it.
    fn is_certain(&self, out: &Out<'a>) -> bool {
        self.request(out.request)
            .is_some_and(|request| request.granted.is_some())
    }

    fn report(
        &mut self,
        rule: &'static str,
        what: &str,
        lines: impl IntoIterator<Item = &'a Line>,
    ) {
        let what = format!("the allocator of pool `{}` {what}", self.pool);
        self.found.push(Violation::new(rule, what, lines));
    }
}

/// The request and the line of a decision that grants something.
fn grant_of<'a>(decision: &Decision<'a>) -> Option<(usize, &'a Line)> {
    match decision.what {
        Decided::Grants { .. } => Some((decision.request?, decision.line)),
        Decided::Busy | Decided::TakesBack(_) => None,
    }
}

/// By when what the request was granted had surely ended; `None` if it was granted
/// nothing, or nobody knows.
fn ended<'a>(story: &Story<'a>, request: &Request<'a>) -> Option<&'a Line> {
    request.granted?;
    request
        .released
        .or_else(|| story.processes.get(request.owner)?.gone)
}
