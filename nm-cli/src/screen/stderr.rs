//! Standard error is the conversation; the answer is on standard output.

use std::io::{self, Write};

use crate::screen::text;

/// Tells the user something; a failure to do so is ignored.
pub fn warn(text: &str) {
    // It may contain the name of a test, or a reason that a test gave.
    let lines: Vec<_> = text.split('\n').map(text::escape).collect();
    let text = lines.join("\n");
    let _ = writeln!(io::stderr().lock(), "name-manager: {text}");
}
