//! Text for people: short, on one line, and without control characters.

use std::time::Duration;

/// How many characters of a text are enough to recognise it.
const LONGEST: usize = 80;

/// A text from outside, as part of a message: on one line, bounded, and with control
/// characters escaped.
pub(crate) fn shown(text: &str) -> String {
    let (begin, more) = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => (&text[..end], ".."),
        None => (text, ""),
    };
    let quoted = format!("{begin:?}");
    format!("{}{more}", &quoted[1..quoted.len() - 1])
}

/// Replaces what a terminal would obey: a test may have any name.
pub(crate) fn printable(text: &str) -> String {
    let obeyed = |c: char| c.is_control() && c != '\n';
    text.replace(obeyed, "\u{fffd}")
}

/// These words in a message: `` `a`, `b` ``.
pub(crate) fn quoted(words: &[String]) -> String {
    format!("`{}`", words.join("`, `"))
}

/// A duration in whole seconds, as people read it: `1m 30s`.
pub(crate) fn seconds(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_one_short_line() {
        assert_eq!(shown("db'0"), "db'0");
        assert_eq!(shown("\u{1b}[2J\n\u{202e}"), "\\u{1b}[2J\\n\\u{202e}");
        assert_eq!(shown(&"é".repeat(100)), "é".repeat(80) + "..");
    }

    #[test]
    fn a_test_cannot_command_a_terminal_by_its_name() {
        let text = printable("held by `\u{1b}]0;title\u{7}` \u{9b}K\n    db-0");
        assert_eq!(
            text,
            "held by `\u{fffd}]0;title\u{fffd}` \u{fffd}K\n    db-0"
        );
    }
}
