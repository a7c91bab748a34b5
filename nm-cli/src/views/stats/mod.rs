//! `name-manager stats`: how pools were used, and what other sizes would do.

mod advice;
#[cfg(all(unix, any(test, fuzzing)))]
pub(crate) mod fuzz;
mod json;
mod report;
mod tally;
mod waits;

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use nm_runtime::journal::Event;

use crate::args::place::Place;
use crate::events::merged::Merged;
use crate::events::spans::{Builder, Span};
use crate::exit::Outcome;
use crate::pools;
use crate::replay::{self, Recorder, WhatIf};
use crate::screen::{Screen, stderr};
use tally::Tally;

/// Shows how the names were used, how long tests waited, and what pools of other
/// sizes would have done
#[derive(Debug, clap::Args)]
pub struct Args {
    /// These pools only
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// The run of this id, the `last` one, or `all` together
    #[arg(long, value_name = "RUN", default_value = "last")]
    run: String,
    /// JSON (docs/json.md)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// What `stats` found.
struct Stats {
    /// Nothing when it is about all.
    run: Option<String>,
    pools: BTreeMap<String, (Tally, Option<WhatIf>)>,
    too_long: bool,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce("name-manager stats".to_owned(), None)?;
    let stats = gather(&args)?;
    let mut screen = Screen::stdout();
    match args.json {
        true => screen.json(&json::Stats::new(&stats))?,
        false => report::show(&mut screen, &stats)?,
    }
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn gather(args: &Args) -> Result<Stats, Box<dyn Error + Send + Sync>> {
    let found = pools::chosen(&args.pools)?;
    let run = match args.run.as_str() {
        "all" => None,
        "last" => Some(pools::last_run(&found)?.unwrap_or_default()),
        run => Some(run.to_owned()),
    };
    let mut events = Merged::open(&found)?;
    let stats = Stats::of(events.by_ref(), run)?;
    if events.skipped() > 0 {
        stderr::warn(&format!(
            "{} line(s) of the journal are no events and were passed over",
            events.skipped()
        ));
    }
    if stats.pools.is_empty()
        && let Some(run) = stats.run.as_ref().filter(|_| args.run != "last")
    {
        let last = pools::last_run(&found)?;
        return Err(pools::unknown_run(run, last.as_deref()).into());
    }
    Ok(stats)
}

impl Stats {
    /// Of these events those of the run, or all.
    fn of(
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
