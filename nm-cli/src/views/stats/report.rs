use std::io;

use crate::replay::WhatIf;
use crate::screen::clock::duration;
use crate::screen::{Cell, Column, Give, Screen, Table, style, text};
use crate::views::stats::advice::advice;
use crate::views::stats::count::Stats;
use crate::views::stats::tally::Tally;

const NAMES: &[Column] = &[
    Column::new("  NAME", Give::End),
    Column::new("LEASES", Give::Not),
    Column::new("HELD", Give::Not),
    Column::new("USE", Give::Not),
];

/// For a run that shared its pool with another one.
const SHARED_NAMES: &[Column] = &[
    Column::new("  NAME", Give::End),
    Column::new("LEASES", Give::Not),
    Column::new("HELD", Give::Not),
    Column::new("BY OTHER RUNS", Give::Not),
    Column::new("USE", Give::Not),
];

const WAITS: &[Column] = &[
    Column::new("  WAITED", Give::Not),
    Column::new("TIMES", Give::Not),
    Column::new("LONGEST", Give::Not),
    Column::new("TEST", Give::Beginning),
];

const SIZES: &[Column] = &[
    Column::new("  IF MAX", Give::Not),
    Column::new("RUN TAKES", Give::Not),
    Column::new("TOTAL WAIT", Give::Not),
    Column::new("", Give::End),
];

/// Up to this many tests that waited are shown.
const TESTS: usize = 5;

pub fn show(screen: &mut Screen, stats: &Stats) -> io::Result<()> {
    match &stats.run {
        _ if stats.pools.is_empty() => {
            return screen.say("nothing has happened here yet", style::FAINT);
        }
        Some(run) => say(screen, &format!("run {run}"), style::FAINT)?,
        None => screen.say("all runs", style::FAINT)?,
    }
    if !stats.others.is_empty() {
        let others = others(stats);
        say(
            screen,
            &format!("beside {others}, with names of the same pools"),
            style::FAINT,
        )?;
    }
    for (name, pool) in &stats.pools {
        screen.end_line()?;
        show_pool(screen, name, &pool.tally)?;
        if let Some(allocator) = &pool.allocator {
            let text = format!(
                "  its allocator ({allocator}) decides what is lent: there is no size to replay"
            );
            say(screen, &text, style::FAINT)?;
        }
        if let Some(what_if) = &pool.what_if {
            show_sizes(screen, what_if)?;
        }
    }
    if stats.others_left_out {
        screen.end_line()?;
        let text = "the other runs are too long to replay: the sizes above are for this run alone";
        say(screen, text, style::FAINT)?;
    }
    if stats.too_long {
        screen.end_line()?;
        screen.say(
            "the run is too long to replay with other sizes",
            style::FAINT,
        )?;
    }
    Ok(())
}

/// `run a`, or `3 other runs`.
fn others(stats: &Stats) -> String {
    let mut runs = stats.others.iter();
    match (runs.next(), runs.len()) {
        (Some(run), 0) => format!("run {run}"),
        _ => format!("{} other runs", stats.others.len()),
    }
}

fn say(screen: &mut Screen, text: &str, style: anstyle::Style) -> io::Result<()> {
    let width = screen.width().unwrap_or(usize::MAX);
    let text = text::escape(text);
    let text = text::cut(&text, width, text::Cut::End).into_owned();
    screen.say(&text, style)
}

fn show_pool(screen: &mut Screen, name: &str, tally: &Tally) -> io::Result<()> {
    let makespan = duration(tally.makespan());
    let requests = text::count(tally.requests, "request");
    let title = format!("{name}: {requests} in {makespan}");
    say(screen, &title, style::STRONG)?;
    let troubles = [
        (tally.timeouts, "timed out"),
        (tally.deadlocks, "failed in a deadlock"),
        (tally.died, "died holding a name"),
        (tally.unclean, "left a name dirty or broken"),
    ];
    for (count, what) in troubles.into_iter().filter(|(count, _)| *count > 0) {
        say(screen, &format!("  {count} {what}"), style::BAD)?;
    }
    if tally.failed_hooks > 0 {
        let hooks = text::count(tally.failed_hooks, "hook");
        say(screen, &format!("  {hooks} failed"), style::BAD)?;
    }
    for (kind, (count, micros)) in &tally.hooks {
        let times = text::count(*count, "time");
        let text = format!("  {kind}: {times}, {} in total", duration(*micros));
        say(screen, &text, style::HOOK)?;
    }
    let is_shared = tally.names.values().any(|name| name.held_by_others > 0);
    let mut names = Table::new(if is_shared { SHARED_NAMES } else { NAMES });
    for (name, of_name) in &tally.names {
        let share = tally.use_of(of_name);
        let mut cells = vec![
            Cell::new(format!("  {name}")).style(style::STRONG),
            Cell::new(of_name.leases.to_string()),
            Cell::new(duration(of_name.held)),
        ];
        if is_shared {
            cells.push(Cell::new(duration(of_name.held_by_others)));
        }
        let used = format!("{:3.0} % {}", share * 100.0, bar(share));
        cells.push(Cell::new(used).style(style::HELD));
        names.row(screen, cells)?;
    }
    names.flush(screen)?;
    show_waits(screen, tally)
}

fn show_waits(screen: &mut Screen, tally: &Tally) -> io::Result<()> {
    let waits = &tally.waits;
    if waits.count == 0 {
        return screen.say("  no waits", style::FREE);
    }
    let text = format!(
        "  {} waited: {} in total, median {}, longest {} (`{}`)",
        waits.count,
        duration(waits.sum),
        duration(waits.median()),
        duration(waits.longest),
        waits.longest_test,
    );
    say(screen, &text, style::WAITING)?;
    let parts = [
        (tally.waits_in_cleanup, "another run was cleaned up after"),
        (tally.waits_beside_others, "other runs held names"),
    ];
    for (waited, why) in parts.into_iter().filter(|(waited, _)| *waited > 0) {
        let text = format!("  {} of that while {why}", duration(waited));
        say(screen, &text, style::WAITING)?;
    }
    let mut table = Table::new(WAITS);
    let tests = waits.by_test();
    for (test, of_test) in tests.iter().take(TESTS) {
        let cells = vec![
            Cell::new(format!("  {}", duration(of_test.sum))),
            Cell::new(of_test.count.to_string()),
            Cell::new(duration(of_test.longest)),
            Cell::new(test),
        ];
        table.row(screen, cells)?;
    }
    table.flush(screen)?;
    match tests.len().saturating_sub(TESTS) {
        0 => Ok(()),
        more => {
            let more = text::count(more as u64, "more test");
            say(screen, &format!("  and {more}"), style::FAINT)
        }
    }
}

fn show_sizes(screen: &mut Screen, what_if: &WhatIf) -> io::Result<()> {
    let mut table = Table::new(SIZES);
    for (size, outcome) in &what_if.sizes {
        let mark = match *size == what_if.recorded {
            true => "as recorded",
            false => "",
        };
        let cells = vec![
            Cell::new(format!("  {size}")),
            Cell::new(duration(outcome.makespan)),
            Cell::new(duration(outcome.waits)),
            Cell::new(mark).style(style::FAINT),
        ];
        table.row(screen, cells)?;
    }
    table.flush(screen)?;
    match advice(what_if) {
        Some(advice) => say(screen, &format!("  {advice}"), style::STRONG),
        None => Ok(()),
    }
}

fn bar(share: f64) -> String {
    const LENGTH: f64 = 20.0;
    "█".repeat((share.clamp(0.0, 1.0) * LENGTH).round() as usize)
}
