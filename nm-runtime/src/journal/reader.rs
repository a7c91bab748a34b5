//! Reads a journal across its rotation.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Kind, Result};
use crate::journal::parse::Line;
use crate::journal::source::{LONGEST, Source};
use crate::journal::writer::{JOURNAL, OLD_JOURNAL};
use crate::terms::event::Event;
use crate::terms::record::FORMAT;

/// Reads a pool's journal, oldest event first.
///
/// A torn last line and invalid lines are skipped, and counted. Only one line at a time
/// is in memory, and of a line no more than an event can have.
///
/// At the end it returns `None`; called again later it returns what was written
/// meanwhile, even to the journal that has replaced this one.
#[derive(Debug)]
pub struct Reader {
    /// The oldest first. A process that had a journal open when it was rotated goes on
    /// writing to it, so both are read on.
    sources: Vec<Source>,
    at: usize,
    /// Lines that were skipped in journals that are no longer open.
    skipped: u64,
    whole: bool,
    pool_dir: PathBuf,
}

/// Some hundred events.
const SOME: u64 = 128 << 10;

impl Reader {
    /// Opens the journal of the pool that has this directory
    /// (`.name-manager/pools/db`). A pool without a journal has no events.
    ///
    /// # Errors
    ///
    /// If a file exists but cannot be opened.
    pub fn open(pool_dir: &Path) -> Result<Self> {
        Self::open_near_end(pool_dir, u64::MAX)
    }

    /// Opens the journal at about this many bytes before its end.
    ///
    /// # Errors
    ///
    /// If a file exists but cannot be opened.
    pub fn open_near_end(pool_dir: &Path, bytes: u64) -> Result<Self> {
        let mut reader = Self {
            sources: Vec::new(),
            at: 0,
            skipped: 0,
            whole: true,
            pool_dir: pool_dir.to_owned(),
        };
        let mut left = bytes;
        for name in [JOURNAL, OLD_JOURNAL] {
            let Some(source) = reader.source(name, left)? else {
                continue;
            };
            let len = source.file().metadata().map_or(0, |file| file.len());
            reader.whole &= !source.is_cut();
            reader.sources.insert(0, source);
            left = left.saturating_sub(len);
        }
        Ok(reader)
    }

    /// Opens the journal somewhere before the events from this time on.
    pub(crate) fn open_since(pool_dir: &Path, time: u64) -> Result<Self> {
        let mut bytes = match time {
            0 => u64::MAX,
            _ => SOME,
        };
        loop {
            let mut reader = Self::open_near_end(pool_dir, bytes)?;
            let first = reader.read()?;
            if reader.is_whole() || first.is_some_and(|event| event.time < time) {
                return Self::open_near_end(pool_dir, bytes);
            }
            bytes = bytes.saturating_mul(8);
        }
    }

    /// Whether it begins with the oldest event.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// How many lines were skipped so far.
    pub fn skipped(&self) -> u64 {
        let open: u64 = self.sources.iter().map(Source::skipped).sum();
        self.skipped + open
    }

    fn source(&self, name: &str, tail: u64) -> Result<Option<Source>> {
        let path = self.pool_dir.join(name);
        Source::open(&path, tail, LONGEST).map_err(|error| {
            let what = format!("failed to open journal `{}`", path.display());
            Error::io(what, error)
        })
    }

    /// Opens the journal that has replaced the last one.
    fn follow(&mut self) -> Result<bool> {
        let path = self.pool_dir.join(JOURNAL);
        let mut last = self.sources.last().map(Source::file);
        if last
            .take_if(|last| nm_os::path_names(&path, last))
            .is_some()
        {
            return Ok(false);
        }
        let Some(source) = self.source(JOURNAL, u64::MAX)? else {
            return Ok(false);
        };
        self.sources.push(source);
        if self.sources.len() > 2 {
            self.skipped += self.sources.remove(0).skipped();
        }
        self.at = self.sources.len() - 1;
        Ok(true)
    }

    fn read(&mut self) -> Result<Option<Event>> {
        loop {
            let Some(source) = self.sources.get_mut(self.at) else {
                if self.follow()? {
                    continue;
                }
                self.at = 0;
                return Ok(None);
            };
            let failed = |error: io::Error| {
                let pool_dir = self.pool_dir.display();
                Error::io(format!("failed to read the journal in `{pool_dir}`"), error)
            };
            match source.next().map_err(failed)? {
                Some(Line::Event(event)) => return Ok(Some(*event)),
                Some(Line::Newer(version)) => {
                    return Err(Error::new(
                        Kind::FormatTooNew,
                        format!(
                            "the journal in `{}` has format {version}, this version reads up to {FORMAT}; use a newer name-manager",
                            self.pool_dir.display()
                        ),
                    ));
                }
                Some(Line::Garbage) | None => self.at += 1,
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Every event of the pool that has this directory.
///
/// # Errors
///
/// If the journal cannot be read, or a newer version wrote it.
pub fn read(pool_dir: &Path) -> Result<Vec<Event>> {
    Reader::open(pool_dir)?.collect()
}
