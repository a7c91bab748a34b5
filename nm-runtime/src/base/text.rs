/// So many characters of a text say which one it is.
const LONGEST: usize = 80;

/// A text from outside, as part of a message: on one line, not endless, and without
/// anything that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let (begin, more) = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => (&text[..end], ".."),
        None => (text, ""),
    };
    let quoted = format!("{begin:?}");
    format!("{}{more}", &quoted[1..quoted.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_is_shown_is_one_short_line() {
        assert_eq!(shown("db'0"), "db'0");
        assert_eq!(shown("\u{1b}[2J\n\u{202e}"), "\\u{1b}[2J\\n\\u{202e}");
        assert_eq!(shown(&"é".repeat(100)), "é".repeat(80) + "..");
    }
}
