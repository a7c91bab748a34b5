use std::collections::BTreeMap;

use crate::history::{Access, Line};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// Each exclusive lease of a name has a higher fence than all leases before it.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    let mut granted: Vec<_> = story
        .requests
        .iter()
        .filter_map(|request| Some((request.granted?, request)))
        .collect();
    granted.sort_by_key(|(line, _)| line.at);
    let mut highest: BTreeMap<&str, (u64, &Line)> = BTreeMap::new();
    for (line, request) in granted {
        for (name, fence) in request.leases {
            let Some(fence) = *fence else { continue };
            let exclusive = request.ask.access == Access::Exclusive;
            if let Some((before, other)) = highest.get(name.as_str()).copied()
                && (fence < before || (exclusive && fence == before))
            {
                verdict.violations.push(Violation::new(
                    "fence",
                    format!("`{name}` was lent with fence {fence} after {before}"),
                    [other, line],
                ));
            }
            highest.insert(name, (fence, line));
        }
    }
}
