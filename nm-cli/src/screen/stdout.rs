//! Standard output, which is the answer: how wide, whether coloured, and whether its
//! reader has gone.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use serde::Serialize;

use crate::screen::json;

pub struct Screen {
    out: BufWriter<Box<dyn Write>>,
    color: bool,
    width: Option<usize>,
}

const SPACES: &str = "                                                                ";

impl Screen {
    pub fn stdout() -> Self {
        let color = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self {
            color,
            width: width(),
            out: BufWriter::with_capacity(64 << 10, Box::new(io::stdout())),
        }
    }

    /// A page of that width, coloured as this screen is.
    pub fn like(&self, out: impl Write + 'static, width: usize) -> Self {
        Self {
            out: BufWriter::new(Box::new(out)),
            color: self.color,
            width: Some(width),
        }
    }

    /// A page of that width, without colours.
    #[cfg(all(unix, any(test, fuzzing)))]
    pub fn plain(out: impl Write + 'static, width: usize) -> Self {
        Self {
            out: BufWriter::new(Box::new(out)),
            color: false,
            width: Some(width),
        }
    }

    /// The columns of the terminal; `None` without one.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    pub fn put(&mut self, text: &str, style: Style) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if self.color && style != Style::new() {
            return write!(self.out, "{style}{text}{style:#}");
        }
        self.out.write_all(text.as_bytes())
    }

    pub fn spaces(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            let part = count.min(SPACES.len());
            self.out.write_all(&SPACES.as_bytes()[..part])?;
            count -= part;
        }
        Ok(())
    }

    pub fn end_line(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// One line, in one style.
    pub fn say(&mut self, text: &str, style: Style) -> io::Result<()> {
        self.put(text, style)?;
        self.end_line()
    }

    /// A value as one line of JSON.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        json::write(&mut self.out, value)?;
        self.end_line()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).max(1))
}

/// Writes an answer, and makes sure that it is written.
pub fn answer(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whether the error means that the reader has gone.
pub fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
