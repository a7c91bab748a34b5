//! What a person is told while tests run.

use std::io::Write;
use std::time::Duration;

/// Writes to standard error itself: libtest captures what is printed with
/// `eprint!`, and would show it only after the test that waits.
pub(crate) fn say(text: &str) {
    let message = format!("name-manager: {text}");
    // Nobody left to tell when this fails.
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}

/// A duration in whole seconds, as people read it: `1m 30s`.
pub(crate) fn seconds(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}
