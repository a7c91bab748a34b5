use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::screen::text;

/// A value as JSON that is safe on a terminal, too: characters that a terminal obeys
/// are escaped, even where JSON allows them.
pub fn write(out: impl io::Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Shown);
    Ok(value.serialize(&mut serializer)?)
}

struct Shown;

impl Formatter for Shown {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(text::is_unsafe) {
            let last = part.chars().next_back().filter(|c| text::is_unsafe(*c));
            let kept = &part[..part.len() - last.map_or(0, char::len_utf8)];
            CompactFormatter.write_string_fragment(out, kept)?;
            if let Some(char) = last {
                // All of them fit into four digits.
                write!(out, "\\u{:04x}", u32::from(char))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_in_json() {
        let value = ["a\u{9b}2Jé\u{7f}", "\u{1b}\u{202e}b", ""];
        let mut text = Vec::new();
        write(&mut text, &value).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, r#"["a\u009b2Jé\u007f","\u001b\u202eb",""]"#);
        let read: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
    }
}
