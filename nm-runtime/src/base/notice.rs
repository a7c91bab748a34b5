//! What a person is told while tests run.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::base::caller;

/// Writes to standard error itself: libtest captures what is printed with
/// `eprint!`, and would show it only after the test that waits.
pub(crate) fn say(text: &str) {
    let message = format!("name-manager: {}", printable(text));
    // Nobody left to tell when this fails.
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}

/// Without what a terminal would obey: a test may have any name.
pub(crate) fn printable(text: &str) -> String {
    let obeyed = |c: char| c.is_control() && c != '\n';
    text.replace(obeyed, "\u{fffd}")
}

/// A line on a terminal that is written over again and again, and gone in the end.
/// For commands: the output of tests is nobody's terminal alone.
#[derive(Debug)]
pub(crate) struct Live(());

impl Live {
    /// Nothing where there is no terminal, or this is no command.
    pub(crate) fn begin() -> Option<Self> {
        let can = caller::get().is_some() && std::io::stderr().is_terminal();
        // Made only then: the end of one that was never shown would be seen, too.
        can.then(|| Self(()))
    }

    pub(crate) fn show(&self, text: &str) {
        let text = printable(&text.replace('\n', " "));
        // Without line wrap: what does not fit is cut off by the terminal.
        write(&format!("\r\x1b[?7lname-manager: {text}\x1b[K\x1b[?7h"));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        write("\r\x1b[K");
    }
}

fn write(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A duration in whole seconds, as people read it: `1m 30s`.
pub(crate) fn seconds(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_cannot_command_a_terminal_by_its_name() {
        let text = printable("held by `\u{1b}]0;title\u{7}` \u{9b}K\n    db-0");
        assert_eq!(
            text,
            "held by `\u{fffd}]0;title\u{fffd}` \u{fffd}K\n    db-0"
        );
    }
}
