use std::collections::BTreeMap;

use crate::events::spans::Span;
use crate::replay::{self, Recorder, WhatIf};
use crate::views::stats::tally::Tally;

/// The result of `stats`.
pub struct Stats {
    /// `None` if it is about all runs.
    pub run: Option<String>,
    pub pools: BTreeMap<String, (Tally, Option<WhatIf>)>,
    pub too_long: bool,
}

/// Takes spans as they end.
#[derive(Default)]
pub struct Count {
    run: Option<String>,
    tallies: BTreeMap<String, Tally>,
    recorder: Recorder,
}

impl Count {
    /// Of one run, or of all: only one run can be replayed.
    pub fn new(run: Option<String>) -> Self {
        Self {
            run,
            ..Self::default()
        }
    }

    pub fn add(&mut self, span: &Span) {
        let pool = match span {
            Span::Lease(lease) => &lease.pool,
            Span::Wait(wait) => &wait.pool,
            Span::Hook { pool, .. } => pool,
        };
        if !self.tallies.contains_key(pool) {
            self.tallies.insert(pool.clone(), Tally::default());
        }
        if let Some(tally) = self.tallies.get_mut(pool) {
            tally.add(span);
        }
        match span {
            Span::Lease(lease) if self.run.is_some() => self.recorder.lease(lease),
            Span::Wait(wait) if self.run.is_some() => self.recorder.wait(wait),
            _ => {}
        }
    }

    pub fn stats(self) -> Stats {
        let too_long = self.recorder.is_too_long();
        let recorded = self.recorder.run();
        let what_if = |pool: &str| replay::what_if(recorded.as_ref()?, pool);
        let pools = self.tallies.into_iter().map(|(pool, tally)| {
            let what_if = what_if(&pool);
            (pool, (tally, what_if))
        });
        Stats {
            pools: pools.collect(),
            run: self.run,
            too_long,
        }
    }
}
