//! Rows of aligned cells that come one by one, and never all at once: a journal
//! may have more of them than memory.

use std::io;

use anstyle::Style;

use crate::screen::stdout::Screen;
use crate::screen::text::{self, Cut};

/// One cell; its text is safe to show.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text from anywhere: control characters are escaped.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: text::escape(text.as_ref()).into_owned(),
            style: Style::new(),
        }
    }

    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

/// How a column gives way on a narrow terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Give {
    /// Not at all.
    Not,
    /// Its texts are cut at the end.
    End,
    /// Its texts are cut at the beginning: paths say most at their end.
    Beginning,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    give: Give,
}

impl Column {
    pub const fn new(title: &'static str, give: Give) -> Self {
        Self { title, give }
    }
}

/// Prints rows as they come. The first rows say how wide the columns are; one
/// that needs more later widens them from there on.
pub struct Table {
    columns: &'static [Column],
    wanted: Vec<usize>,
    /// The first rows, until the widths are known; `None` from then on.
    first: Option<Vec<Row>>,
    header: bool,
}

enum Row {
    Cells(Vec<Cell>),
    Line(Cell),
}

/// How many rows are looked at before the first is printed.
const LOOK_AT: usize = 200;

const GAP: &str = "  ";
/// Without a terminal nothing is cut, but one long command must not move all the others'
/// columns: a text that is wider than that moves only its own line's.
const WIDEST: usize = 40;
/// No column is made narrower to fit.
const NARROWEST: usize = 8;

impl Table {
    pub fn new(columns: &'static [Column]) -> Self {
        let wanted = columns.iter().map(|column| column.title.len()).collect();
        Self {
            columns,
            wanted,
            first: Some(Vec::new()),
            header: true,
        }
    }

    /// Without a line of titles.
    pub fn untitled(mut self) -> Self {
        self.header = false;
        self.wanted.fill(0);
        self
    }

    pub fn row(&mut self, screen: &mut Screen, cells: Vec<Cell>) -> io::Result<()> {
        for (wanted, cell) in self.wanted.iter_mut().zip(&cells) {
            *wanted = text::width(&cell.text).max(*wanted);
        }
        self.add(screen, Row::Cells(cells))
    }

    /// A line of its own between the rows.
    pub fn line(&mut self, screen: &mut Screen, line: Cell) -> io::Result<()> {
        self.add(screen, Row::Line(line))
    }

    fn add(&mut self, screen: &mut Screen, row: Row) -> io::Result<()> {
        match &mut self.first {
            Some(first) if first.len() < LOOK_AT => {
                first.push(row);
                Ok(())
            }
            Some(_) => {
                self.flush(screen)?;
                self.print(screen, &row)
            }
            None => self.print(screen, &row),
        }
    }

    /// Prints the rows that were held back.
    pub fn flush(&mut self, screen: &mut Screen) -> io::Result<()> {
        let Some(first) = self.first.take() else {
            return Ok(());
        };
        if first.is_empty() {
            self.first = Some(first);
            return Ok(());
        }
        if self.header {
            let title =
                |column: &Column| Cell::new(column.title).style(Style::new().bold().underline());
            let titles = self.columns.iter().map(title).collect();
            self.print(screen, &Row::Cells(titles))?;
        }
        first.iter().try_for_each(|row| self.print(screen, row))
    }

    fn print(&self, screen: &mut Screen, row: &Row) -> io::Result<()> {
        let cells = match row {
            Row::Cells(cells) => cells,
            Row::Line(line) => {
                let width = screen.width().unwrap_or(usize::MAX);
                let text = text::cut(&line.text, width, Cut::End);
                screen.put(&text, line.style)?;
                return screen.end_line();
            }
        };
        let mut left = screen.width().unwrap_or(usize::MAX);
        let mut pending = 0;
        let cells = cells.iter().zip(self.columns);
        for (at, ((cell, column), width)) in cells.zip(self.widths(screen)).enumerate() {
            let gap = if at > 0 { GAP.len() } else { 0 };
            pending += gap;
            if cell.text.is_empty() {
                pending += width;
                continue;
            }
            if left <= pending {
                break;
            }
            let cut = match column.give {
                Give::Beginning => Cut::Beginning,
                _ => Cut::End,
            };
            let room = match screen.width() {
                Some(_) => width.min(left - pending),
                None => usize::MAX,
            };
            let text = text::cut(&cell.text, room, cut);
            screen.spaces(pending)?;
            screen.put(&text, cell.style)?;
            left -= pending;
            let shown = text::width(&text).min(left);
            left -= shown;
            // Spaces at the end of a line are never printed.
            pending = width.saturating_sub(shown);
        }
        screen.end_line()
    }

    /// The columns' widths, made to fit the screen as far as the columns give way.
    fn widths(&self, screen: &Screen) -> Vec<usize> {
        let mut widths = self.wanted.clone();
        let Some(room) = screen.width() else {
            for (width, column) in widths.iter_mut().zip(self.columns) {
                if column.give != Give::Not {
                    *width = WIDEST.min(*width);
                }
            }
            return widths;
        };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        while over > 0 {
            let gives = widths.iter_mut().zip(self.columns);
            let widest = gives
                .filter(|(width, column)| column.give != Give::Not && **width > NARROWEST)
                .max_by_key(|(width, _)| **width);
            let Some((width, _)) = widest else { break };
            *width -= 1;
            over -= 1;
        }
        widths
    }
}
