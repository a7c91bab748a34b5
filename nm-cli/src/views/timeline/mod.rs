//! `name-manager timeline`: who held what when, as a picture.

pub mod chart;
pub mod html;
pub mod json;
pub mod svg;
pub mod terminal;
pub mod trace;
mod words;

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::place::Place;
use crate::events::merged::Merged;
use crate::events::spans::Builder;
use crate::exit::{Failure, Outcome, code};
use crate::pools;
use crate::screen::{Screen, stderr, style};
use chart::{Chart, Drawing};

/// Shows who held what when, as a picture
#[derive(Debug, clap::Args)]
pub struct Args {
    /// These pools only
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// The run of this id, or the `last` one
    #[arg(long, value_name = "RUN", default_value = "last")]
    run: String,
    /// Write it there: .svg, .html (one page that needs nothing else) or .json
    /// (trace events, for trace viewers)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// JSON on standard output (docs/json.md)
    #[arg(long, conflicts_with = "output")]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place
        .announce("name-manager timeline".to_owned(), None)?;
    let form = args.output.as_deref().map(form_of).transpose()?;
    let chart = gather(&args)?;
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
                "`{}` does not say what to write; end it in .svg, .html or .json",
                path.display()
            ),
        )),
    }
}

fn gather(args: &Args) -> Result<Chart, Box<dyn Error + Send + Sync>> {
    let found = pools::chosen(&args.pools)?;
    let last = pools::last_run(&found)?;
    let run = match args.run.as_str() {
        "last" => last.clone().unwrap_or_default(),
        run => run.to_owned(),
    };
    let mut builder = Builder::default();
    let mut drawing = Drawing::default();
    let mut events = Merged::open(&found)?;
    for event in events.by_ref() {
        let event = event?;
        if event.holder.run == run
            && let Some(span) = builder.add(event)
        {
            drawing.add(span);
        }
    }
    for span in builder.finish() {
        drawing.add(span);
    }
    if events.skipped() > 0 {
        stderr::warn(&format!(
            "{} line(s) of the journal are no events and were passed over",
            events.skipped()
        ));
    }
    let chart = drawing.chart(run);
    match chart.pools.is_empty() && args.run != "last" {
        true => Err(pools::unknown_run(&args.run, last.as_deref()).into()),
        false => Ok(chart),
    }
}
