//! What a person is told while tests run.

use std::io::Write;

use crate::base::text::printable;

/// Writes to standard error itself: libtest captures what is printed with
/// `eprint!`, and would show it only after the test that waits.
pub(crate) fn say(text: &str) {
    let message = format!("name-manager: {}", printable(text));
    // Nobody left to tell when this fails.
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}
