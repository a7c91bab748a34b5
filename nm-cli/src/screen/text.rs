//! Text from test names, records and journals on its way to a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text without characters that a terminal would obey, or that would make it show
/// the text in another order: they are written `\u{1b}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\t' => escaped.push(' '),
            _ if is_unsafe(char) => escaped.extend(char.escape_unicode()),
            _ => escaped.push(char),
        }
    }
    Cow::Owned(escaped)
}

/// Whether a terminal would obey it, or show what follows in another order.
pub fn is_unsafe(char: char) -> bool {
    let directs =
        matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let separates = matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}');
    char.is_control() || directs || separates
}

/// How many columns it takes.
pub fn width(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => text.width(),
    }
}

/// `1 time`, `2 times`.
pub fn count(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Which end of a text is cut when there is not enough room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Beginning,
    End,
}

const ELLIPSIS: char = '…';

/// The text in this many columns.
pub fn cut(text: &str, columns: usize, cut: Cut) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(mut room) = columns.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut fits = |char: &char| {
        let left = room.checked_sub(char.width().unwrap_or(0));
        room = left.unwrap_or(0);
        left.is_some()
    };
    match cut {
        Cut::End => {
            let mut kept: String = text.chars().take_while(|char| fits(char)).collect();
            kept.push(ELLIPSIS);
            Cow::Owned(kept)
        }
        Cut::Beginning => {
            let mut kept: Vec<char> = text.chars().rev().take_while(|char| fits(char)).collect();
            kept.push(ELLIPSIS);
            Cow::Owned(kept.into_iter().rev().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(escape("db-0::a"), "db-0::a");
        assert_eq!(
            escape("\u{1b}[2Jé\u{202e}\r\n"),
            "\\u{1b}[2Jé\\u{202e}\\u{d} "
        );
        assert_eq!(escape("\u{9b}1m"), "\\u{9b}1m");
    }

    #[test]
    fn what_is_cut_takes_no_more_than_its_room() {
        for text in ["a::b::long_name", "データベース", ""] {
            for columns in 0..20 {
                for end in [Cut::Beginning, Cut::End] {
                    let cut = cut(text, columns, end);
                    assert!(width(&cut) <= columns, "{text} {columns}");
                }
            }
        }
        assert_eq!(cut("a::b::name", 5, Cut::Beginning), "…name");
        assert_eq!(cut("a::b::name", 5, Cut::End), "a::b…");
    }
}
