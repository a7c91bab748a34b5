//! `stats --json`, as `docs/json.md` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::replay::WhatIf;
use crate::views::stats::advice::advice;
use crate::views::stats::count;
use crate::views::stats::tally::Tally;

#[derive(Serialize)]
pub struct Stats<'a> {
    version: u32,
    run: Option<&'a str>,
    others: Vec<&'a str>,
    others_left_out: bool,
    pools: Vec<Pool<'a>>,
}

#[derive(Serialize)]
struct Pool<'a> {
    pool: &'a str,
    requests: u64,
    makespan: u64,
    timeouts: u64,
    deadlocks: u64,
    died: u64,
    unclean: u64,
    names: Vec<Name<'a>>,
    waits: Waits<'a>,
    hooks: BTreeMap<&'a str, Hook>,
    allocator: Option<&'a str>,
    what_if: Option<Sizes>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    leases: u64,
    held: u64,
    held_by_others: u64,
    #[serde(rename = "use")]
    share: f64,
}

#[derive(Serialize)]
struct Waits<'a> {
    count: u64,
    sum: u64,
    median: u64,
    longest: u64,
    longest_test: Option<&'a str>,
    in_cleanup: u64,
    beside_others: u64,
    by_test: Vec<TestWaits<'a>>,
}

#[derive(Serialize)]
struct TestWaits<'a> {
    test: &'a str,
    count: u64,
    sum: u64,
    longest: u64,
}

#[derive(Serialize)]
struct Hook {
    count: u64,
    sum: u64,
}

#[derive(Serialize)]
struct Sizes {
    recorded: usize,
    enough: Option<usize>,
    advice: Option<String>,
    sizes: Vec<Size>,
}

#[derive(Serialize)]
struct Size {
    max: usize,
    makespan: u64,
    waits: u64,
}

impl<'a> Stats<'a> {
    pub fn new(stats: &'a count::Stats) -> Self {
        let pools = stats.pools.iter();
        Self {
            version: 1,
            run: stats.run.as_deref(),
            others: stats.others.iter().map(String::as_str).collect(),
            others_left_out: stats.others_left_out,
            pools: pools.map(|(name, of_pool)| pool(name, of_pool)).collect(),
        }
    }
}

fn pool<'a>(name: &'a str, of_pool: &'a count::Pool) -> Pool<'a> {
    let tally = &of_pool.tally;
    let names = tally.names.iter().map(|(name, of_name)| Name {
        name,
        leases: of_name.leases,
        held: of_name.held,
        held_by_others: of_name.held_by_others,
        share: tally.use_of(of_name),
    });
    let hooks = tally.hooks.iter();
    Pool {
        pool: name,
        requests: tally.requests,
        makespan: tally.makespan(),
        timeouts: tally.timeouts,
        deadlocks: tally.deadlocks,
        died: tally.died,
        unclean: tally.unclean,
        names: names.collect(),
        waits: waits(tally),
        hooks: hooks
            .map(|(kind, &(count, sum))| (*kind, Hook { count, sum }))
            .collect(),
        allocator: of_pool.allocator.as_deref(),
        what_if: of_pool.what_if.as_ref().map(sizes),
    }
}

fn waits(tally: &Tally) -> Waits<'_> {
    let waits = &tally.waits;
    let by_test = waits.by_test().into_iter().map(|(test, waits)| TestWaits {
        test,
        count: waits.count,
        sum: waits.sum,
        longest: waits.longest,
    });
    Waits {
        count: waits.count,
        sum: waits.sum,
        median: waits.median(),
        longest: waits.longest,
        longest_test: (waits.count > 0).then_some(&waits.longest_test),
        in_cleanup: tally.waits_in_cleanup,
        beside_others: tally.waits_beside_others,
        by_test: by_test.collect(),
    }
}

fn sizes(what_if: &WhatIf) -> Sizes {
    let sizes = what_if.sizes.iter().map(|(max, outcome)| Size {
        max: *max,
        makespan: outcome.makespan,
        waits: outcome.waits,
    });
    Sizes {
        recorded: what_if.recorded,
        enough: what_if.enough(),
        advice: advice(what_if),
        sizes: sizes.collect(),
    }
}
