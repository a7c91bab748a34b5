use std::io::{IsTerminal, Write};

use crate::base::caller;
use crate::base::text::printable;

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
