//! `name-manager stats`: how pools were used, and how other sizes would have done.

mod advice;
pub mod count;
pub mod json;
pub mod report;
mod tally;
mod waits;

use std::process::ExitCode;

use crate::args::place::Place;
use crate::events::history::History;
use crate::exit::Outcome;
use crate::screen::Screen;
use count::Count;

/// Shows how names were used, how long tests waited, and how pools of other sizes would
/// have done
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these pools
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// The run with this id, the `last` one, or `all` together
    #[arg(long, value_name = "RUN", default_value = "last")]
    run: String,
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce("name-manager stats".to_owned(), None)?;
    let run = Some(args.run.as_str()).filter(|run| *run != "all");
    let history = History::find(&args.pools, run)?;
    let allocators = history.views().into_iter().filter_map(|view| {
        let allocator = view.code.allocator?;
        Some((view.pool, allocator.place))
    });
    let mut count = Count::new(history.run.clone(), allocators.collect());
    history.read(|span| count.add(&span))?;
    let stats = count.stats();
    if stats.pools.is_empty() {
        history.explain_nothing()?;
    }
    let mut screen = Screen::stdout();
    match args.json {
        true => screen.json(&json::Stats::new(&stats))?,
        false => report::show(&mut screen, &stats)?,
    }
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}
