use std::process::ExitCode;

use nm_runtime::inspect::{NameView, View};
use serde::Serialize;

use crate::args::place::Place;
use crate::exit::Outcome;
use crate::pools;
use crate::screen::clock::Clock;
use crate::screen::{Cell, Column, Give, Screen, Table, label, style};

/// Lists the names of pools: when each was first and last lent, and who holds it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these pools
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

const COLUMNS: &[Column] = &[
    Column::new("POOL", Give::End),
    Column::new("NAME", Give::End),
    Column::new("CREATED", Give::Not),
    Column::new("LAST LENT", Give::Not),
    Column::new("NOW", Give::End),
];

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let views = pools::views(&args.pools)?;
    let mut screen = Screen::stdout();
    match args.json {
        true => screen.json(&List::new(&views))?,
        false => show(&mut screen, &views)?,
    }
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn show(screen: &mut Screen, views: &[View]) -> std::io::Result<()> {
    let mut clock = Clock::new();
    let mut table = Table::new(COLUMNS);
    for (view, name) in names(views) {
        let record = name.record.as_ref();
        let mut date = |time: Option<u64>| match time {
            None | Some(0) => "never".to_owned(),
            Some(time) => format!("{} {}", clock.day(time).to_owned(), clock.second(time)),
        };
        let cells = vec![
            Cell::new(&view.pool),
            Cell::new(&name.name).style(style::STRONG),
            Cell::new(date(record.map(|record| record.created))),
            Cell::new(date(record.map(|record| record.lent))),
            Cell::new(now(name)),
        ];
        table.row(screen, cells)?;
    }
    table.flush(screen)
}

fn names(views: &[View]) -> impl Iterator<Item = (&View, &NameView)> {
    views
        .iter()
        .flat_map(|view| view.names.iter().map(move |name| (view, name)))
}

/// `free`, or its holders.
fn now(name: &NameView) -> String {
    match (name.held, &holders(name)[..]) {
        (false, _) => "free".to_owned(),
        (true, []) => "held".to_owned(),
        (true, holders) => format!("held by {}", holders.join(", ")),
    }
}

fn holders(name: &NameView) -> Vec<String> {
    let holders = name.holders.iter().map(|tenure| &tenure.holder);
    holders
        .map(|holder| format!("{} ({})", holder.test, pools::pid(holder)))
        .collect()
}

/// `list --json`, as `docs/json.md` describes it.
#[derive(Serialize)]
struct List<'a> {
    version: u32,
    names: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    pool: &'a str,
    name: &'a str,
    created: Option<u64>,
    lent: Option<u64>,
    held: bool,
    holders: Vec<String>,
}

impl<'a> List<'a> {
    fn new(views: &'a [View]) -> Self {
        let rows = names(views).map(|(view, name)| {
            let date = |time: u64| (time > 0).then_some(time);
            Row {
                pool: &view.pool,
                name: &name.name,
                created: name.record.as_ref().and_then(|record| date(record.created)),
                lent: name.record.as_ref().and_then(|record| date(record.lent)),
                held: name.held,
                holders: holders(name),
            }
        });
        Self {
            version: 1,
            names: rows.collect(),
        }
    }
}
