//! What a look at a place, a pool or a server has found: one line for each fact.

use std::io;

use serde::Serialize;

use crate::screen::text;
use crate::screen::{Cell, Column, Give, Screen, Table, style};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    Note,
    Warning,
    Problem,
}

#[derive(Debug, Serialize)]
struct Finding {
    topic: String,
    level: Level,
    text: String,
    /// What to do, or what it means.
    hint: Option<String>,
}

#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

const COLUMNS: &[Column] = &[
    Column::new("", Give::Not),
    Column::new("", Give::End),
    Column::new("", Give::End),
];

impl Findings {
    pub fn ok(&mut self, topic: &str, text: impl Into<String>) {
        self.add(Level::Ok, topic, text.into(), None);
    }

    pub fn note(&mut self, topic: &str, text: impl Into<String>) {
        self.add(Level::Note, topic, text.into(), None);
    }

    pub fn warning(&mut self, topic: &str, text: impl Into<String>, hint: &str) {
        self.add(Level::Warning, topic, text.into(), Some(hint));
    }

    pub fn problem(&mut self, topic: &str, text: impl Into<String>, hint: &str) {
        self.add(Level::Problem, topic, text.into(), Some(hint));
    }

    fn add(&mut self, level: Level, topic: &str, text: String, hint: Option<&str>) {
        self.0.push(Finding {
            topic: topic.to_owned(),
            level,
            text,
            hint: hint.map(str::to_owned),
        });
    }

    /// Says all of it, and returns the worst.
    pub fn answer(&self, json: bool) -> io::Result<Level> {
        let mut screen = Screen::stdout();
        match json {
            true => self.json(&mut screen)?,
            false => self.show(&mut screen)?,
        }
        screen.flush()?;
        let levels = self.0.iter().map(|finding| finding.level);
        Ok(levels.max().unwrap_or(Level::Ok))
    }

    fn json(&self, screen: &mut Screen) -> io::Result<()> {
        #[derive(Serialize)]
        struct Doctor<'a> {
            version: u32,
            findings: &'a [Finding],
        }
        screen.json(&Doctor {
            version: 1,
            findings: &self.0,
        })
    }

    fn show(&self, screen: &mut Screen) -> io::Result<()> {
        let mut table = Table::new(COLUMNS).untitled();
        for finding in &self.0 {
            let (mark, style) = match finding.level {
                Level::Ok => ("ok", style::FREE),
                Level::Note => ("note", style::FAINT),
                Level::Warning => ("warning", style::WAITING),
                Level::Problem => ("PROBLEM", style::BAD),
            };
            let cells = vec![
                Cell::new(mark).style(style),
                Cell::new(&finding.topic).style(style::STRONG),
                Cell::new(&finding.text),
            ];
            table.row(screen, cells)?;
            if let Some(hint) = &finding.hint {
                let hint = Cell::new(hint).style(style::FAINT);
                table.row(screen, vec![Cell::default(), Cell::default(), hint])?;
            }
        }
        table.flush(screen)
    }
}

/// A size, as people read it.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => text::count(count, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}
