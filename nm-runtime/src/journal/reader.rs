use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use miniserde::{Deserialize, json};

use crate::error::{Error, Kind, Result};
use crate::journal::{Event, JOURNAL, OLD_JOURNAL};
use crate::record::FORMAT;

/// Reads a pool's journal, oldest event first.
///
/// A torn last line and lines that are no events are skipped, and counted. In
/// memory there is one line at a time.
#[derive(Debug)]
pub struct Reader {
    files: Vec<BufReader<File>>,
    line: Vec<u8>,
    skipped: u64,
    pool_dir: String,
}

impl Reader {
    /// Opens the journal of the pool that has this directory
    /// (`.name-manager/pools/db`). A pool without a journal has no events.
    ///
    /// # Errors
    ///
    /// When a file is there but cannot be opened.
    pub fn open(pool_dir: &Path) -> Result<Self> {
        let mut files = Vec::new();
        // Newest first: the last is read, then taken off.
        for name in [JOURNAL, OLD_JOURNAL] {
            let path = pool_dir.join(name);
            match File::open(&path) {
                Ok(file) => files.push(BufReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let what = format!("failed to open journal `{}`", path.display());
                    return Err(Error::io(what, error));
                }
            }
        }
        Ok(Self {
            files,
            line: Vec::new(),
            skipped: 0,
            pool_dir: pool_dir.display().to_string(),
        })
    }

    /// How many lines so far were no events.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn read_line(&mut self) -> Result<bool> {
        while let Some(file) = self.files.last_mut() {
            self.line.clear();
            let read = file.read_until(b'\n', &mut self.line).map_err(|error| {
                Error::io(
                    format!("failed to read the journal in `{}`", self.pool_dir),
                    error,
                )
            })?;
            if read > 0 {
                return Ok(true);
            }
            self.files.pop();
        }
        Ok(false)
    }
}

impl Iterator for Reader {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            match parse(&self.line) {
                Some(Line::Event(event)) => return Some(Ok(*event)),
                Some(Line::Newer(version)) => {
                    return Some(Err(Error::new(
                        Kind::FormatTooNew,
                        format!(
                            "the journal in `{}` has format {version}, this version reads up to {FORMAT}; use a newer name-manager",
                            self.pool_dir
                        ),
                    )));
                }
                None => self.skipped += 1,
            }
        }
    }
}

enum Line {
    Event(Box<Event>),
    Newer(u32),
}

/// How every line begins. Nothing inside one looks like it: there, quotes are escaped.
const BEGIN: &[u8] = b"{\"v\":";

fn parse(line: &[u8]) -> Option<Line> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }

    // A torn line has no end, so the next event stands on it too.
    let begin = line.windows(BEGIN.len()).rposition(|part| part == BEGIN)?;
    let text = str::from_utf8(&line[begin..]).ok()?;
    if let Ok(event) = json::from_str::<Event>(text)
        && event.v <= FORMAT
    {
        return Some(Line::Event(Box::new(event)));
    }
    let Version { v } = json::from_str(text).ok()?;
    (v > FORMAT).then_some(Line::Newer(v))
}

/// Every event of the pool that has this directory.
///
/// # Errors
///
/// When the journal cannot be read, or a newer version wrote it.
pub fn read(pool_dir: &Path) -> Result<Vec<Event>> {
    Reader::open(pool_dir)?.collect()
}
