//! Messages to people while tests run.

use std::io::Write;

use crate::base::text::printable;

/// Writes to standard error directly: libtest captures what is printed with
/// `eprint!`, and would show it only after the waiting test.
pub(crate) fn say(text: &str) {
    let message = format!("name-manager: {}", printable(text));
    // If this fails, there is nowhere left to report it.
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}
