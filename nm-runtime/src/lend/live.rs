use std::io::{IsTerminal, Write};

use crate::base::caller;
use crate::base::text::printable;

/// A line on a terminal that is overwritten again and again, and erased in the end.
/// For commands only: tests share their terminal with others.
#[derive(Debug)]
pub(crate) struct Live(());

impl Live {
    /// `None` if there is no terminal, or this process is no command.
    pub(crate) fn begin() -> Option<Self> {
        let can = caller::get().is_some() && std::io::stderr().is_terminal();
        // Created only then: dropping one writes to the terminal.
        can.then(|| Self(()))
    }

    pub(crate) fn show(&self, text: &str) {
        let text = printable(&text.replace('\n', " "));
        // Without line wrap: the terminal cuts off what does not fit.
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
