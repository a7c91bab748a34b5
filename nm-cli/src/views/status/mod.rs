//! `name-manager status`: the holders of names, and the waiters.

mod json;
mod page;
mod rows;
mod watch;

use std::process::ExitCode;

use crate::args::place::Place;
use crate::exit::Outcome;
use crate::pools;
use crate::screen::Screen;
use page::show;

/// Shows the holders of names, and the waiters
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these pools
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// Keep running and show changes, until q or Ctrl-C
    #[arg(long, short)]
    watch: bool,
    /// Print JSON (docs/json.md); with --watch, one line per change
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
    let views = pools::views(&args.pools)?;
    show(&mut screen, &views, args.json)?;
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}
