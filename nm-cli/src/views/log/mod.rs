//! `name-manager log`: what happened.

mod filter;
pub mod row;

use std::collections::VecDeque;
use std::error::Error;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use nm_runtime::inspect;
use nm_runtime::journal::Event;

use crate::args::place::Place;
use crate::events::merged::Merged;
use crate::exit::Outcome;
use crate::screen::clock::Clock;
use crate::screen::{Cell, Screen, Table, stderr, style};
pub use filter::Filter;

/// Shows what happened, as recorded in the journal
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep running and show new events
    #[arg(long, short)]
    follow: bool,
    /// Show only time, event, name and test
    #[arg(long, short)]
    short: bool,
    /// Print one JSON object per line (docs/json.md)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: filter::Args,
    #[command(flatten)]
    place: Place,
}

/// How often a followed journal is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub fn run(args: Args) -> Outcome {
    args.place.announce("name-manager log".to_owned(), None)?;
    let follow = args.follow;
    let mut log = Log {
        screen: Screen::stdout(),
        form: match (args.json, args.short) {
            (true, _) => Form::Json,
            (false, true) => Form::Short,
            (false, false) => Form::Long,
        },
        table: Table::new(if args.short { row::SHORT } else { row::LONG }),
        clock: Clock::new(),
        day: String::new(),
        runs: VecDeque::new(),
    };
    let filter = args.which.filter()?;
    let mut events = Merged::open(&filter.pools)?;
    let shown = log.show(&mut events, &filter)?;
    if shown == 0 && !follow {
        filter.explain_nothing()?;
        stderr::warn("no matching events");
    }
    events.warn_of_skipped();
    match follow {
        true => log.follow(events, filter),
        false => Ok(ExitCode::SUCCESS),
    }
}

enum Form {
    Long,
    Short,
    Json,
}

struct Log {
    screen: Screen,
    form: Form,
    table: Table,
    clock: Clock,
    day: String,
    /// The latest, each of which has been announced.
    runs: VecDeque<String>,
}

/// Up to this many concurrent runs are announced once each.
const AT_ONCE: usize = 16;

impl Log {
    /// Shows new events until the reader has gone.
    fn follow(&mut self, mut events: Merged, mut filter: Filter) -> Outcome {
        loop {
            thread::sleep(LOOK_EVERY);
            if !filter.is_of_given_pools() {
                for found in inspect::pools()? {
                    if !filter.pools.contains(&found) {
                        events.add(&found)?;
                        filter.pools.push(found);
                    }
                }
            }
            self.show(&mut events, &filter)?;
        }
    }

    /// Shows all events that are there, and returns their number.
    fn show(
        &mut self,
        events: &mut Merged,
        filter: &Filter,
    ) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let mut shown = 0;
        for event in events {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    // Show what was read before the error.
                    self.table.flush(&mut self.screen)?;
                    self.screen.flush()?;
                    return Err(error.into());
                }
            };
            if filter.lets_through(&event) {
                shown += 1;
                self.show_one(&event)?;
            }
        }
        self.table.flush(&mut self.screen)?;
        self.screen.flush()?;
        Ok(shown)
    }

    fn show_one(&mut self, event: &Event) -> std::io::Result<()> {
        let cells = match self.form {
            Form::Json => return self.screen.json(&row::Json::new(event)),
            Form::Long => row::long(event, &mut self.clock),
            Form::Short => row::short(event, &mut self.clock),
        };
        let day = self.clock.day(event.time);
        let run = &event.holder.run;
        if self.day != day || !self.runs.contains(run) {
            self.day = day.to_owned();
            if !self.runs.contains(run) {
                self.runs.truncate(AT_ONCE - 1);
                self.runs.push_front(run.clone());
            }
            let line = Cell::new(format!("{day}  run {}", event.holder.run));
            self.table
                .line(&mut self.screen, line.style(style::FAINT))?;
        }
        self.table.row(&mut self.screen, cells)
    }
}
