//! The end of what a hook has printed, for messages.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::base::text::printable;

/// How much of the log is looked at.
const BYTES: u64 = 16 << 10;
/// How many lines are shown, and how many characters of them.
const LINES: usize = 10;
const CHARACTERS: usize = 1000;

/// The last lines of a log from this offset on, as one; `None` if nothing was printed.
pub(crate) fn last_lines(mut log: &File, from: u64) -> Option<String> {
    let length = log.metadata().ok()?.len();
    // Cut meanwhile, since it was too long.
    let from = if length < from { 0 } else { from };
    let start = from.max(length.saturating_sub(BYTES));
    log.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    log.take(BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Of a line that was written over, what a terminal would show.
    let lines = text.lines().map(|line| {
        let line = line.trim_end();
        line.rsplit('\r').next().unwrap_or(line)
    });
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    let shown = lines[lines.len().saturating_sub(LINES)..].join(" | ");
    let skipped = shown.chars().count().saturating_sub(CHARACTERS);
    let shown: String = shown.chars().skip(skipped).collect();
    (!shown.is_empty()).then(|| printable(&shown))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn last(text: &str, from: u64) -> Option<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        last_lines(&file, from)
    }

    #[test]
    fn a_message_has_the_last_lines_of_this_hook_alone() {
        assert_eq!(last("old\none\n\n  two \n", 4).unwrap(), "one |   two");
        assert_eq!(last("10%\r20%\rdone\n", 0).unwrap(), "done");
        assert_eq!(last("old\n", 4), None);
        assert_eq!(last("cut", 100).unwrap(), "cut");
        assert_eq!(
            last("\x1b[31mred\x07", 0).unwrap(),
            "\u{fffd}[31mred\u{fffd}"
        );
    }

    #[test]
    fn a_megabyte_of_output_makes_no_long_message() {
        let line = "\u{fc}".repeat(100) + "\n";
        for text in [line.repeat(5000), "x".repeat(1 << 20)] {
            let shown = last(&text, 0).unwrap();
            assert!(shown.chars().count() <= CHARACTERS, "{shown}");
        }
    }
}
