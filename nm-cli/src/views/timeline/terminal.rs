//! The timeline in characters: a lane a name, a letter where a block begins.

use std::collections::HashMap;
use std::io;

use anstyle::Style;
use nm_runtime::journal::Kind;
use nm_runtime::record::State;

use crate::events::spans::{Ending, Lease, Wait, WaitEnding};
use crate::screen::clock::duration;
use crate::screen::text::{self, Cut};
use crate::screen::{Screen, style};
use crate::views::timeline::chart::Chart;
use crate::views::timeline::words;

const WIDTH: usize = 100;
const LONGEST_LABEL: usize = 20;
const NARROWEST: usize = 8;
/// A name that another run holds.
const OTHER: char = '╱';
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub fn show(screen: &mut Screen, chart: &Chart) -> io::Result<()> {
    let width = screen.width().unwrap_or(WIDTH);
    let names = chart.pools.iter().flat_map(|pool| &pool.lanes);
    let longest = names.map(|lane| text::width(&lane.name)).max().unwrap_or(0);
    let label = longest.clamp("waiting".len(), LONGEST_LABEL).min(width / 2);
    let page = Page {
        chart,
        label,
        cells: width.saturating_sub(label + 1).max(NARROWEST),
        width,
        letters: letters(chart),
    };
    page.show(screen)
}

/// A letter for each test, while there are letters, in the order of their first leases.
fn letters(chart: &Chart) -> HashMap<&str, char> {
    let lanes = chart.pools.iter().flat_map(|pool| &pool.lanes);
    let rows = lanes.flat_map(|lane| &lane.rows);
    let mut leases: Vec<&Lease> = rows
        .flatten()
        .filter(|lease| !chart.is_other(lease))
        .collect();
    leases.sort_by_key(|lease| lease.start);
    let mut given = HashMap::new();
    let mut free = LETTERS.chars();
    for lease in leases {
        if !given.contains_key(lease.test.as_str())
            && let Some(letter) = free.next()
        {
            given.insert(lease.test.as_str(), letter);
        }
    }
    given
}

struct Page<'a> {
    chart: &'a Chart,
    label: usize,
    cells: usize,
    width: usize,
    letters: HashMap<&'a str, char>,
}

type Row = Vec<(char, Style)>;

impl Page<'_> {
    fn show(&self, screen: &mut Screen) -> io::Result<()> {
        let title = format!("run {} ({})", self.chart.run, duration(self.chart.length()));
        self.say(screen, &title, style::FAINT)?;
        for pool in &self.chart.pools {
            self.say(screen, &pool.name, style::STRONG)?;
            for lane in &pool.lanes {
                for (at, row) in lane.rows.iter().enumerate() {
                    let mut cells = self.empty();
                    row.iter().for_each(|lease| self.draw(&mut cells, lease));
                    self.put(screen, if at == 0 { &lane.name } else { "" }, &cells)?;
                }
            }
            if !pool.waits.is_empty() {
                let waits = pool.waits.iter().flatten();
                self.put(screen, "waiting", &self.waiting(waits))?;
            }
        }
        self.axis(screen)?;
        self.legend(screen)
    }

    fn say(&self, screen: &mut Screen, text: &str, style: Style) -> io::Result<()> {
        let text = text::escape(text);
        screen.say(&text::cut(&text, self.width, Cut::End), style)
    }

    fn empty(&self) -> Row {
        vec![('·', style::FAINT); self.cells]
    }

    fn cell(&self, time: u64) -> usize {
        let share = (time - self.chart.start) as f64 / self.chart.length() as f64;
        ((share * self.cells as f64) as usize).min(self.cells - 1)
    }

    fn draw(&self, cells: &mut Row, lease: &Lease) {
        if self.chart.is_other(lease) {
            let (start, end) = self.chart.shown(lease);
            cells[self.cell(start)..=self.cell(end)].fill((OTHER, style::FAINT));
            return;
        }
        let body = match lease.ending {
            Ending::Died | Ending::Released(State::Dirty | State::Broken) => style::BAD,
            Ending::Open | Ending::Released(State::Clean) => style::HELD,
        };
        let (first, last) = (self.cell(lease.start), self.cell(lease.end));
        cells[first..=last].fill(('█', body));
        for hook in &lease.hooks {
            let block = match hook.kind {
                _ if hook.failed => ('x', style::BAD),
                Kind::Init => ('▒', style::HOOK),
                _ => ('░', style::HOOK),
            };
            let until = self.cell(hook.end.min(lease.end));
            cells[self.cell(hook.start)..=until].fill(block);
        }
        let letter = self.letters.get(lease.test.as_str());
        cells[first] = (*letter.unwrap_or(&'█'), body);
    }

    /// The most waiters in each cell.
    fn waiting<'w>(&self, waits: impl Iterator<Item = &'w Wait>) -> Row {
        let mut counts = vec![0usize; self.cells];
        let mut failed = vec![false; self.cells];
        for wait in waits {
            let last = self.cell(wait.end);
            for count in &mut counts[self.cell(wait.start)..=last] {
                *count += 1;
            }
            failed[last] |= matches!(wait.ending, WaitEnding::Timeout | WaitEnding::Deadlock);
        }
        let cell = |(count, failed)| match (count, failed) {
            (_, true) => ('x', style::BAD),
            (0, _) => ('·', style::FAINT),
            (1..10, _) => (char::from(b'0' + count as u8), style::WAITING),
            _ => ('+', style::WAITING),
        };
        counts.into_iter().zip(failed).map(cell).collect()
    }

    fn put(&self, screen: &mut Screen, label: &str, cells: &[(char, Style)]) -> io::Result<()> {
        let label = text::escape(label);
        let label = text::cut(&label, self.label, Cut::Beginning);
        screen.put(&label, style::STRONG)?;
        screen.spaces(self.label - text::width(&label) + 1)?;
        for run in cells.chunk_by(|a, b| a.1 == b.1) {
            let text: String = run.iter().map(|(char, _)| char).collect();
            screen.put(&text, run[0].1)?;
        }
        screen.end_line()
    }

    fn axis(&self, screen: &mut Screen) -> io::Result<()> {
        let mut line = String::new();
        let about = (self.cells / 12).max(1) as u64;
        for tick in words::ticks(self.chart.length(), about) {
            let at = self.cell(self.chart.start.saturating_add(tick));
            let text = duration(tick);
            let used = text::width(&line);
            if (used == 0 || at > used) && at + text::width(&text) <= self.cells {
                line.push_str(&" ".repeat(at - used));
                line.push_str(&text);
            }
        }
        screen.spaces(self.label + 1)?;
        screen.say(&line, style::FAINT)
    }

    fn legend(&self, screen: &mut Screen) -> io::Result<()> {
        let meaning = "█ body  ▒ init  ░ reset  x failed  1-9 waiting";
        self.say(screen, meaning, style::FAINT)?;
        for other in &self.chart.others {
            let leases = text::count(other.leases as u64, "lease");
            let text = format!("{OTHER} run {} ({leases})", other.run);
            self.say(screen, &text, style::FAINT)?;
        }
        let mut letters: Vec<_> = self.letters.iter().collect();
        let place = |letter: char| LETTERS.chars().position(|one| one == letter);
        letters.sort_by_key(|(_, letter)| place(**letter));
        for (test, letter) in letters {
            let test = text::escape(test);
            let test = text::cut(&test, self.width.saturating_sub(2), Cut::Beginning);
            screen.put(&format!("{letter} "), style::HELD)?;
            screen.say(&test, style::PLAIN)?;
        }
        match self.chart.left_out {
            0 => Ok(()),
            count => self.say(
                screen,
                &format!("{} not shown", text::count(count as u64, "more block")),
                style::FAINT,
            ),
        }
    }
}
