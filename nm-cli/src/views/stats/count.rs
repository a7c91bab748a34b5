use std::collections::{BTreeMap, BTreeSet};

use crate::events::extent::Extent;
use crate::events::spans::Span;
use crate::replay::{self, Recorder, WhatIf};
use crate::views::stats::tally::Tally;

/// The result of `stats`.
pub struct Stats {
    /// `None` if it is about all runs.
    pub run: Option<String>,
    /// The runs that used these pools at the same time.
    pub others: BTreeSet<String>,
    pub pools: BTreeMap<String, Pool>,
    pub too_long: bool,
    /// Whether the other runs were too long to be replayed along.
    pub others_left_out: bool,
}

#[derive(Default)]
pub struct Pool {
    pub tally: Tally,
    /// Where its allocator is: what it lends has no size to be replayed.
    pub allocator: Option<String>,
    pub what_if: Option<WhatIf>,
}

/// Takes spans as they end.
#[derive(Default)]
pub struct Count {
    run: Option<Extent>,
    others: BTreeSet<String>,
    pools: BTreeMap<String, Pool>,
    recorder: Recorder,
}

impl Count {
    /// Of one run, or of all: only one run can be replayed. With the places of the pools'
    /// allocators.
    pub fn new(run: Option<Extent>, allocators: BTreeMap<String, String>) -> Self {
        let pools = allocators.into_iter().map(|(pool, place)| {
            let pool_of_allocator = Pool {
                allocator: Some(place),
                ..Pool::default()
            };
            (pool, pool_of_allocator)
        });
        Self {
            run,
            pools: pools.collect(),
            ..Self::default()
        }
    }

    pub fn add(&mut self, span: &Span) {
        let pool = match span {
            Span::Lease(lease) | Span::OtherLease(lease) => &lease.pool,
            Span::Wait(wait) | Span::OtherWait(wait) => &wait.pool,
            Span::Hook { pool, .. } => pool,
        };
        if !self.pools.contains_key(pool) {
            self.pools.insert(pool.clone(), Pool::default());
        }
        if let Some(pool) = self.pools.get_mut(pool) {
            pool.tally.add(span, self.run.as_ref());
        }
        let Some(run) = &self.run else { return };
        match span {
            Span::Lease(lease) => self.recorder.lease(lease),
            Span::Wait(wait) => self.recorder.wait(wait),
            Span::OtherLease(lease) => {
                let (start, end) = run.of_tests(lease.start, lease.end);
                if start < end {
                    self.recorder.other_lease(lease);
                    if !self.others.contains(&lease.run) {
                        self.others.insert(lease.run.clone());
                    }
                }
            }
            Span::OtherWait(wait) => self.recorder.other_wait(wait),
            Span::Hook { .. } => {}
        }
    }

    pub fn stats(mut self) -> Stats {
        self.pools.retain(|_, pool| pool.tally.is_used());
        let allocators = self.pools.iter();
        let allocators = allocators.filter(|(_, pool)| pool.allocator.is_some());
        let allocators: BTreeSet<_> = allocators.map(|(pool, _)| pool.clone()).collect();
        let too_long = self.recorder.is_too_long();
        let others_left_out = self.recorder.left_others_out();
        if let Some(recorded) = self.recorder.run(&allocators) {
            for (name, pool) in &mut self.pools {
                if pool.allocator.is_none() {
                    pool.what_if = replay::what_if(&recorded, name);
                }
            }
        }
        Stats {
            run: self.run.map(|run| run.run),
            others: self.others,
            pools: self.pools,
            too_long,
            others_left_out,
        }
    }
}
