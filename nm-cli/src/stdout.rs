//! Standard output is the answer, standard error the conversation.

use std::error::Error;
use std::io::{self, Write};

use crate::table::text;

/// Writes an answer, and is sure that it is written.
pub fn answer(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Whether an error is that of a reader who has gone.
pub fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Tells the user something. Nobody is told when that fails.
pub fn warn(text: &str) {
    // What others called a test, or gave as a reason, may stand in it.
    let lines: Vec<_> = text.split('\n').map(text::escape).collect();
    let text = lines.join("\n");
    let _ = writeln!(io::stderr().lock(), "name-manager: {text}");
}
