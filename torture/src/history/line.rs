use std::fs;
use std::io;
use std::path::Path;

use super::Event;

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, in nanoseconds.
    pub at: u64,
    /// The process that wrote it.
    pub process: String,
    /// Which of its threads.
    pub thread: u32,
    /// What.
    pub event: Event,
    /// As it was written.
    pub text: String,
}

impl Line {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = || {
            let (at, rest) = text.split_once(' ')?;
            let (actor, event) = rest.split_once(' ')?;
            let (process, thread) = actor.split_once('.')?;
            Some((at.parse().ok()?, process, thread.parse().ok()?, event))
        };
        let (at, process, thread, event) =
            parts().ok_or_else(|| format!("no line of a history: `{text}`"))?;
        Ok(Self {
            at,
            process: process.to_owned(),
            thread,
            event: Event::parse(event).map_err(|error| format!("{error}: `{text}`"))?,
            text: text.to_owned(),
        })
    }
}

/// Reads histories, in the order of time.
///
/// # Errors
///
/// The first line that is none.
pub fn parse(text: &str) -> Result<Vec<Line>, String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut lines = lines.map(Line::parse).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

/// Reads all histories of a directory.
///
/// # Errors
///
/// When a file cannot be read, or is no history.
pub fn read_dir(dir: &Path) -> io::Result<Vec<Line>> {
    let mut text = String::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "history") {
            let history = fs::read_to_string(path)?;
            // A process killed in the middle of a write may have left half a line:
            // what it says was about to be, and nobody had heard of it.
            let whole = history.rfind('\n').map_or(0, |end| end + 1);
            text.push_str(&history[..whole]);
        }
    }
    parse(&text).map_err(io::Error::other)
}
