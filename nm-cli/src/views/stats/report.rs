use std::io;

use crate::replay::WhatIf;
use crate::screen::clock::duration;
use crate::screen::{Cell, Column, Give, Screen, Table, style, text};
use crate::views::stats::advice::advice;
use crate::views::stats::count::Stats;
use crate::views::stats::tally::Tally;
use crate::views::stats::waits::Waits;

const NAMES: &[Column] = &[
    Column::new("  NAME", Give::End),
    Column::new("LEASES", Give::Not),
    Column::new("HELD", Give::Not),
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
    for (name, (tally, what_if)) in &stats.pools {
        screen.end_line()?;
        show_pool(screen, name, tally)?;
        if let Some(what_if) = what_if {
            show_sizes(screen, what_if)?;
        }
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

fn say(screen: &mut Screen, text: &str, style: anstyle::Style) -> io::Result<()> {
    let width = screen.width().unwrap_or(usize::MAX);
    let text = text::escape(text);
    let text = text::cut(&text, width, text::Cut::End).into_owned();
    screen.say(&text, style)
}

fn show_pool(screen: &mut Screen, name: &str, tally: &Tally) -> io::Result<()> {
    let makespan = duration(tally.makespan());
    let title = format!("{name}: {} requests in {makespan}", tally.requests);
    say(screen, &title, style::STRONG)?;
    let troubles = [
        (tally.timeouts, "timed out"),
        (tally.deadlocks, "failed in a deadlock"),
        (tally.died, "died holding a name"),
        (tally.unclean, "left a name dirty or broken"),
        (tally.failed_hooks, "hooks failed"),
    ];
    for (count, what) in troubles.into_iter().filter(|(count, _)| *count > 0) {
        say(screen, &format!("  {count} {what}"), style::BAD)?;
    }
    for (kind, (count, micros)) in &tally.hooks {
        let text = format!("  {kind}: {count} times, {} in total", duration(*micros));
        say(screen, &text, style::HOOK)?;
    }
    let mut names = Table::new(NAMES);
    for (name, of_name) in &tally.names {
        let share = tally.use_of(of_name);
        let cells = vec![
            Cell::new(format!("  {name}")).style(style::STRONG),
            Cell::new(of_name.leases.to_string()),
            Cell::new(duration(of_name.held)),
            Cell::new(format!("{:3.0} % {}", share * 100.0, bar(share))).style(style::HELD),
        ];
        names.row(screen, cells)?;
    }
    names.flush(screen)?;
    show_waits(screen, &tally.waits, tally.waits_in_cleanup)
}

fn show_waits(screen: &mut Screen, waits: &Waits, in_cleanup: u64) -> io::Result<()> {
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
    if in_cleanup > 0 {
        let waited = duration(in_cleanup);
        let text = format!("  {waited} of that while another run was cleaned up after");
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
        more => say(screen, &format!("  and {more} more tests"), style::FAINT),
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
