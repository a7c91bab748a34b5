use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::journal::parse::{self, Line};

/// One file of a journal, read line by line. At its end it can be asked again.
#[derive(Debug)]
pub(crate) struct Source {
    file: BufReader<File>,
    /// The part of a line that was read; empty once the line was returned.
    line: Vec<u8>,
    /// A longer line is no event.
    longest: usize,
    /// The line is too long: the rest of it is skipped.
    overlong: bool,
    /// The first line may be the end of one.
    cut: bool,
    pub(crate) skipped: u64,
}

const BUFFER: usize = 128 << 10;

/// No event is longer: a longer line has lost its line ends.
pub(crate) const LONGEST: usize = 1 << 20;

impl Source {
    /// Opens a file at `tail` bytes before its end; `None` if it does not exist. Lines
    /// that are longer than `longest` are skipped.
    pub(crate) fn open(path: &Path, tail: u64, longest: usize) -> io::Result<Option<Self>> {
        match nm_os::open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => Self::of(file?.file, tail, longest).map(Some),
        }
    }

    /// As [`Source::open`], of an open file.
    pub(crate) fn of(mut file: File, tail: u64, longest: usize) -> io::Result<Self> {
        let start = file.metadata()?.len().saturating_sub(tail);
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
        }
        Ok(Self {
            file: BufReader::with_capacity(BUFFER, file),
            line: Vec::new(),
            longest,
            overlong: false,
            cut: start > 0,
            skipped: 0,
        })
    }

    pub(crate) fn file(&self) -> &File {
        self.file.get_ref()
    }

    /// Whether reading began somewhere in the middle.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// How many lines were skipped, including an incomplete last one.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped + u64::from(!self.line.is_empty() && !self.overlong)
    }

    /// The next line that is an event, or of a newer version.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut first = std::mem::take(&mut self.cut);
        loop {
            let room = (self.longest - self.line.len()) as u64;
            let mut part = self.file.by_ref().take(room);
            let read = match part.read_until(b'\n', &mut self.line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let whole = self.line.last() == Some(&b'\n');
            if !whole && self.line.len() == self.longest {
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
        for longest in [1 << 10, LONGEST] {
            let file = tempfile::NamedTempFile::new().unwrap();
            let source = Source::open(file.path(), u64::MAX, longest);
            let mut source = source.unwrap().unwrap();
            let overlong = "x".repeat(longest + 1);
            // Read before and after its end is written.
            for end in ["", "\n"] {
                write!(file.as_file(), "{overlong}{event}{end}").unwrap();
                assert!(source.next().unwrap().is_none(), "{longest} {end:?}");
                assert_eq!(source.skipped(), 1, "{longest} {end:?}");
            }
            writeln!(file.as_file(), "{event}").unwrap();
            assert!(matches!(source.next().unwrap(), Some(Line::Event(_))));
        }
    }
}
