use crate::history::Line;
use crate::oracle::failures::{Count, broken};
use crate::oracle::{Bounds, Story, Verdict, Violation};

/// A name whose hooks failed three times in a run is not tried again in it, nor lent;
/// and a pool not set up again.
pub(crate) fn check(story: &Story<'_>, _: Bounds, verdict: &mut Verdict) {
    for (pool, _) in story.pools.iter().filter(|(_, pool)| pool.hooks) {
        let names = story.names(pool).into_iter();
        for name in names.chain([String::new()]) {
            check_one(story, pool, &name, verdict);
        }
    }
}

fn check_one(story: &Story<'_>, pool: &str, name: &str, verdict: &mut Verdict) {
    for broken in broken(story, pool, name, Count::Certain) {
        let is_late = |line: &&Line| broken.from.at < line.at && line.at < broken.until;
        let calls = story.calls.iter().filter(|call| {
            let is_it = match name {
                "" => call.hook.what == "setup",
                _ => call.hook.name == name,
            };
            is_it && call.hook.pool == pool && story.run(call.process) == broken.run
        });
        let calls = calls.map(|call| call.begins);
        let granted = story.requests.iter().filter(|request| {
            let has = request.leases.iter().any(|(lent, _)| lent == name);
            has && story.run(request.process) == broken.run
        });
        let granted = granted.filter_map(|request| request.granted);
        if let Some(line) = calls
            .chain(granted)
            .filter(is_late)
            .min_by_key(|line| line.at)
        {
            let what = match name {
                "" => format!("pool `{pool}` was set up"),
                _ => format!("`{name}` was used"),
            };
            verdict.violations.push(Violation::new(
                "lent broken",
                format!("{what} in a run in which its hooks had failed three times"),
                [broken.from, line],
            ));
        }
    }
}
