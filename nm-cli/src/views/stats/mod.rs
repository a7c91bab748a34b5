//! `name-manager stats`: how pools were used, and what other sizes would do.

mod advice;
pub mod found;
pub mod json;
pub mod report;
mod tally;
mod waits;

use std::error::Error;
use std::process::ExitCode;

use crate::args::place::Place;
use crate::events::merged::Merged;
use crate::exit::Outcome;
use crate::pools;
use crate::screen::{Screen, stderr};
use found::Stats;

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
