//! `name-manager timeline`: a picture of who held which name when.

pub mod chart;
pub mod html;
pub mod json;
pub mod svg;
pub mod terminal;
pub mod trace;
mod words;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::place::Place;
use crate::events::history::History;
use crate::exit::{Failure, Outcome, code};
use crate::screen::{Screen, style};
use chart::{Chart, Drawing};

/// Draws who held which name when
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these pools
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// The run with this id, or the `last` one
    #[arg(long, value_name = "RUN", default_value = "last")]
    run: String,
    /// Write to this file: .svg, .html (a self-contained page) or .json
    /// (trace events, for trace viewers)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON (docs/json.md)
    #[arg(long, conflicts_with = "output")]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place
        .announce("name-manager timeline".to_owned(), None)?;
    let form = args.output.as_deref().map(form_of).transpose()?;
    let history = History::find(&args.pools, Some(&args.run))?;
    let mut drawing = Drawing::default();
    history.read(|span| drawing.add(span))?;
    let chart = drawing.chart(history.run_id().to_owned());
    if chart.pools.is_empty() {
        history.explain_nothing()?;
    }
    if let (Some(form), Some(path)) = (form, &args.output) {
        fs::write(path, form(&chart)).map_err(|error| {
            let what = format!("failed to write `{}`", path.display());
            Failure::new(code::FAILURE, what).because(error)
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut screen = Screen::stdout();
    match args.json {
        true => screen.json(&json::Timeline::new(&chart))?,
        false if chart.pools.is_empty() => {
            screen.say("nothing has happened here yet", style::FAINT)?;
        }
        false => terminal::show(&mut screen, &chart)?,
    }
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn form_of(path: &Path) -> Result<fn(&Chart) -> String, Failure> {
    match path.extension().and_then(OsStr::to_str) {
        Some("svg") => Ok(svg::file),
        Some("html" | "htm") => Ok(html::page),
        Some("json") => Ok(trace::file),
        _ => Err(Failure::new(
            code::USAGE,
            format!(
                "unknown format of `{}`; expected a file name that ends in .svg, .html or .json",
                path.display()
            ),
        )),
    }
}
