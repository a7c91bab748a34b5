use nm_runtime::journal::Event;

use crate::fuzz::events::events;
use crate::fuzz::screen::{json, shown};
use crate::screen::clock::Clock;
use crate::screen::{Cell, Table};
use crate::views::log::row;

/// The rows of a history. The first byte is a screen's width.
pub fn log(bytes: &[u8]) {
    let Some((width, bytes)) = bytes.split_first() else {
        return;
    };
    let mut clock = Clock::new();
    let events = events(bytes);
    for (columns, row) in [(row::SHORT, row::short as Row), (row::LONG, row::long)] {
        shown(usize::from(*width).max(1), |screen| {
            let mut table = Table::new(columns);
            for event in &events {
                let day = Cell::new(clock.day(event.time));
                table.line(screen, day)?;
                table.row(screen, row(event, &mut clock))?;
            }
            table.flush(screen)
        });
    }
    for event in &events {
        json(&row::Json::new(event));
    }
}

type Row = fn(&Event, &mut Clock) -> Vec<Cell>;
