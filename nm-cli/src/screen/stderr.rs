//! Standard error is the conversation; the answer is on standard output.

use std::io::{self, Write};

use crate::screen::text;

/// Tells the user something. Nobody is told when that fails.
pub fn warn(text: &str) {
    // What others called a test, or gave as a reason, may stand in it.
    let lines: Vec<_> = text.split('\n').map(text::escape).collect();
    let text = lines.join("\n");
    let _ = writeln!(io::stderr().lock(), "name-manager: {text}");
}
