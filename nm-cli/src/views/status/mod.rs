//! `name-manager status`: who holds what, and who waits.

mod json;
mod rows;
mod watch;

use std::error::Error;
use std::process::ExitCode;

use nm_runtime::inspect::{Looker, View};

use crate::args::place::Place;
use crate::exit::Outcome;
use crate::pools;
use crate::screen::{Screen, style};

/// Shows who holds what, and who waits
#[derive(Debug, clap::Args)]
pub struct Args {
    /// These pools only
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// Stay, and show what changes until q or Ctrl-C
    #[arg(long, short)]
    watch: bool,
    /// JSON (docs/json.md); with --watch one line for every change
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place
        .announce("name-manager status".to_owned(), None)?;
    let mut screen = Screen::stdout();
    if args.watch {
        watch::run(&mut screen, &args.pools, args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let views = look(&args.pools)?;
    show(&mut screen, &views, args.json)?;
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn look(pools: &[String]) -> Result<Vec<View>, Box<dyn Error + Send + Sync>> {
    let found = pools::chosen(pools)?;
    let looker = Looker::new();
    let mut views = Vec::with_capacity(found.len());
    for pool in &found {
        views.push(looker.look(pool)?);
    }
    Ok(views)
}

fn show(screen: &mut Screen, views: &[View], json: bool) -> std::io::Result<()> {
    if json {
        return screen.json(&json::Status::new(views));
    }
    if views.is_empty() {
        return screen.say("no pool has been used here yet", style::FAINT);
    }
    rows::show(screen, views)
}
