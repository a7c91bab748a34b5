use std::collections::BTreeMap;

use nm_runtime::journal::Event;

use crate::events::spans::{Builder, Span};
use crate::replay::{self, Recorder, WhatIf};
use crate::views::stats::tally::Tally;

/// What `stats` found.
pub struct Stats {
    /// Nothing when it is about all.
    pub run: Option<String>,
    pub pools: BTreeMap<String, (Tally, Option<WhatIf>)>,
    pub too_long: bool,
}

impl Stats {
    /// Of these events those of the run, or all.
    pub fn of(
        events: impl Iterator<Item = Result<Event, nm_runtime::Error>>,
        run: Option<String>,
    ) -> Result<Self, nm_runtime::Error> {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let mut recorder = Recorder::default();
        let mut builder = Builder::default();
        let mut add = |span: Span| {
            let pool = match &span {
                Span::Lease(lease) => &lease.pool,
                Span::Wait(wait) => &wait.pool,
                Span::Hook { pool, .. } => pool,
            };
            if !tallies.contains_key(pool) {
                tallies.insert(pool.clone(), Tally::default());
            }
            if let Some(tally) = tallies.get_mut(pool) {
                tally.add(&span);
            }
            match &span {
                Span::Lease(lease) if run.is_some() => recorder.lease(lease),
                Span::Wait(wait) if run.is_some() => recorder.wait(wait),
                _ => {}
            }
        };
        for event in events {
            let event = event?;
            if run.as_ref().is_none_or(|run| event.holder.run == *run)
                && let Some(span) = builder.add(event)
            {
                add(span);
            }
        }
        builder.finish().into_iter().for_each(&mut add);
        let too_long = recorder.is_too_long();
        let recorded = recorder.run();
        let what_if = |pool: &str| replay::what_if(recorded.as_ref()?, pool);
        let pools = tallies.into_iter().map(|(pool, tally)| {
            let what_if = what_if(&pool);
            (pool, (tally, what_if))
        });
        Ok(Self {
            pools: pools.collect(),
            run,
            too_long,
        })
    }
}
