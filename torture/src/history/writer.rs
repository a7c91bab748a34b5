use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{now, process};

/// Writes one process's history.
#[derive(Debug)]
pub struct Writer {
    file: File,
    process: String,
}

impl Writer {
    /// Begins the history of this process in that directory, as `PROCESS.ROLE.history`.
    ///
    /// # Errors
    ///
    /// When the file cannot be made, or is there already: processes of one
    /// directory have different names.
    pub fn create(dir: &Path, role: &str) -> io::Result<Self> {
        Self::create_as(dir, role, &process(std::process::id()))
    }

    /// The same, for a process that begins several, under another name.
    ///
    /// # Errors
    ///
    /// As [`Writer::create`].
    pub fn create_as(dir: &Path, role: &str, process: &str) -> io::Result<Self> {
        let process = process.to_owned();
        let path = dir.join(format!("{process}.{role}.history"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        Ok(Self { file, process })
    }

    /// Writes an event of the thread with that number: one write, so that a
    /// process that dies leaves whole lines.
    ///
    /// # Panics
    ///
    /// When it cannot be written: a history with holes proves nothing.
    pub fn write(&self, thread: u32, event: impl Display) {
        let line = format!("{} {}.{thread} {event}\n", now(), self.process);
        let written = (&self.file).write(line.as_bytes());
        assert_eq!(written.expect("writes its history"), line.len(), "{line}");
    }
}
