//! JSON, read by miniserde and written by ourselves.
//!
//! miniserde's own writer looks at every byte, those of the keys too, and grows its
//! text from nothing: a third of the instructions of an acquire and its release.

use miniserde::ser::{Fragment, Serialize};

pub(crate) use miniserde::json::from_str;

/// As long as most records and lines of the journal.
const USUAL: usize = 512;

pub(crate) fn to_string(value: &dyn Serialize) -> String {
    let mut text = String::with_capacity(USUAL);
    write(value.begin(), &mut text);
    text
}

fn write(fragment: Fragment<'_>, text: &mut String) {
    match fragment {
        Fragment::Null => text.push_str("null"),
        Fragment::Bool(truth) => text.push_str(if truth { "true" } else { "false" }),
        Fragment::Str(value) => quote(&value, text),
        Fragment::U64(number) => text.push_str(itoa::Buffer::new().format(number)),
        Fragment::I64(number) => text.push_str(itoa::Buffer::new().format(number)),
        Fragment::F64(number) => text.push_str(&miniserde::json::to_string(&number)),
        Fragment::Seq(mut values) => {
            let mut before = '[';
            while let Some(value) = values.next() {
                text.push(before);
                write(value.begin(), text);
                before = ',';
            }
            text.push_str(if before == '[' { "[]" } else { "]" });
        }
        Fragment::Map(mut fields) => {
            let mut before = '{';
            while let Some((key, value)) = fields.next() {
                text.push(before);
                // The name of a field: nothing in it is to be escaped.
                text.push('"');
                text.push_str(&key);
                text.push_str("\":");
                write(value.begin(), text);
                before = ',';
            }
            text.push_str(if before == '{' { "{}" } else { "}" });
        }
    }
}

fn quote(value: &str, text: &mut String) {
    text.push('"');
    // Without a branch for each byte, so that the compiler looks at many at once.
    let escapes = |found, byte: &u8| found | (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    match value.as_bytes().iter().fold(false, escapes) {
        false => text.push_str(value),
        true => value.chars().for_each(|c| escape(c, text)),
    }
    text.push('"');
}

fn escape(c: char, text: &mut String) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\0'..' ' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        other => text.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(miniserde::Serialize, miniserde::Deserialize, Debug, PartialEq)]
    struct All {
        text: String,
        list: Vec<Option<bool>>,
        empty: Vec<u8>,
        inner: Vec<All>,
        large: u64,
        below: i64,
        part: f64,
    }

    #[test]
    fn what_is_written_is_read_again_and_as_miniserde_writes_it() {
        let all = |text: &str, inner| All {
            text: text.to_owned(),
            list: vec![Some(true), None, Some(false)],
            empty: Vec::new(),
            inner,
            large: u64::MAX,
            below: i64::MIN,
            part: 0.25,
        };
        let control: String = (0..0x20).map(char::from).collect();
        for text in ["", "db-0", "\"\\", "\u{e9}\u{1f600}\u{7f}", &control] {
            let value = all(text, vec![all("in", Vec::new()), all(text, Vec::new())]);
            let written = to_string(&value);
            assert_eq!(from_str::<All>(&written).unwrap(), value);
            let theirs: All = from_str(&miniserde::json::to_string(&value)).unwrap();
            assert_eq!(theirs, value);
            assert!(!written.contains(|c: char| c < ' '));
        }
        assert_eq!(to_string(&Vec::<u8>::new()), "[]");
        assert_eq!(to_string(&vec!["a", "b"]), r#"["a","b"]"#);
    }
}
