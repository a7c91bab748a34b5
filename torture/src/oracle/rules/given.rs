use std::collections::BTreeSet;

use crate::history::What;
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// What is granted is what was asked for: names of the pool, so many, each once.
/// With exclusion, no more than `max` are held at once.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for request in &story.requests {
        let Some(granted) = request.granted else {
            continue;
        };
        let pool = &request.ask.pool;
        let max = story.pools.get(pool.as_str()).and_then(|pool| pool.max);
        // Without a bound they are numbered all the same.
        let has = |name: &String| {
            let number = name
                .strip_prefix(pool)
                .and_then(|rest| rest.strip_prefix('-'));
            let number = number.and_then(|number| number.parse::<usize>().ok());
            number.is_some_and(|number| max.is_none_or(|max| number < max))
        };
        let given: Vec<_> = request.leases.iter().map(|(name, _)| name).collect();
        let distinct: BTreeSet<_> = given.iter().collect();
        let wanted = match request.ask.what {
            What::All => max.unwrap_or(0),
            _ => request.ask.count,
        };
        let other = |name: &&&String| request.name().is_some_and(|wanted| wanted != name.as_str());
        let wrong = if let Some(name) = given.iter().find(|name| !has(name)) {
            format!("was granted `{name}`, which is none of the pool's")
        } else if given.len() != wanted {
            format!("asked for {wanted} names and was granted {}", given.len())
        } else if distinct.len() != given.len() {
            "was granted one name twice".to_owned()
        } else if let Some(name) = given.iter().find(other) {
            format!("was granted `{name}` instead of the one it asked for")
        } else {
            continue;
        };
        let what = format!("a request to pool `{}` {wrong}", request.ask.pool);
        let lines = [request.asked, granted];
        verdict
            .violations
            .push(Violation::new("not what was asked for", what, lines));
    }
}
