use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::journal::parse::{self, Line};
use crate::sys;

/// One file of a journal, read line by line. At its end it can be asked again.
#[derive(Debug)]
pub(crate) struct Source {
    file: BufReader<File>,
    /// What is there of a line; empty once it was read.
    line: Vec<u8>,
    /// The line is longer than any event: the rest of it is passed over.
    overlong: bool,
    /// The first line may be the end of one.
    cut: bool,
    pub(crate) skipped: u64,
}

const BUFFER: usize = 128 << 10;

/// No event is longer: what is has lost its line ends.
const LONGEST: usize = if cfg!(any(test, fuzzing)) {
    1 << 10 // such a line is found by chance
} else {
    1 << 20
};

impl Source {
    /// Opens the file that ends in `tail` bytes; nothing when there is none.
    pub(crate) fn open(path: &Path, tail: u64) -> io::Result<Option<Self>> {
        match sys::open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => Self::of(file?.file, tail).map(Some),
        }
    }

    /// Of an open file, that ends in `tail` bytes.
    pub(crate) fn of(mut file: File, tail: u64) -> io::Result<Self> {
        let start = file.metadata()?.len().saturating_sub(tail);
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
        }
        Ok(Self {
            file: BufReader::with_capacity(BUFFER, file),
            line: Vec::new(),
            overlong: false,
            cut: start > 0,
            skipped: 0,
        })
    }

    pub(crate) fn file(&self) -> &File {
        self.file.get_ref()
    }

    /// Whether it began somewhere in the middle.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Lines that were no events, with what is there of the last.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped + u64::from(!self.line.is_empty() && !self.overlong)
    }

    /// The next line that is an event, or of a newer version.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut first = std::mem::take(&mut self.cut);
        loop {
            let room = (LONGEST - self.line.len()) as u64;
            let mut part = self.file.by_ref().take(room);
            let read = match part.read_until(b'\n', &mut self.line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let whole = self.line.last() == Some(&b'\n');
            if !whole && self.line.len() == LONGEST {
                self.skipped += u64::from(!self.overlong);
                self.overlong = true;
                self.line.clear();
                continue;
            }
            if !whole && read > 0 {
                continue;
            }
            if self.overlong {
                self.overlong = !whole;
                self.line.clear();
                if whole {
                    continue;
                }
                return Ok(None);
            }
            // An event without a line end was cut off just there.
            match parse::line(&self.line) {
                Line::Garbage if !whole => return Ok(None),
                Line::Garbage if first => {}
                Line::Garbage => self.skipped += 1,
                found => {
                    self.line.clear();
                    return Ok(Some(found));
                }
            }
            first = false;
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_end_of_a_line_that_is_too_long_is_no_event() {
        let event = r#"{"v":1,"time":5,"kind":"lost","pool":"db","name":null,"fence":null,"id":"7-0","holder":{"test":"a","pid":7,"token":"7-1","run":"r","file":"","line":0,"since":1},"detail":null,"waited":null,"access":null,"state":null,"phase":null}"#;
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut source = Source::open(file.path(), u64::MAX).unwrap().unwrap();
        let overlong = "x".repeat(LONGEST + 1);
        // Read before and after its end is written.
        for end in ["", "\n"] {
            write!(file.as_file(), "{overlong}{event}{end}").unwrap();
            assert!(source.next().unwrap().is_none(), "{end:?}");
            assert_eq!(source.skipped(), 1, "{end:?}");
        }
        writeln!(file.as_file(), "{event}").unwrap();
        assert!(matches!(source.next().unwrap(), Some(Line::Event(_))));
    }
}
