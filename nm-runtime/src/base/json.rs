//! JSON, read with hifijson's lexer and written by hand.
//!
//! No derived code: a derive macro needs most of syn, and the build of the engine,
//! which takes longest, would wait for it.

use std::fmt::Write as _;
use std::sync::Arc;

use hifijson::str::LexAlloc;
use hifijson::token::Lex;
use hifijson::{Read as _, SliceLexer, value};

/// The length of most records and journal lines.
const USUAL: usize = 512;

/// How deep the value of an unknown field may nest.
const DEEPEST: usize = 32;

/// What can be written as JSON.
pub(crate) trait ToJson {
    fn write(&self, text: &mut String);
}

/// What can be read from JSON.
pub(crate) trait FromJson: Sized {
    /// Reads the value that begins with the byte `next`, which is not consumed yet.
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self>;

    /// The value of a missing field; `None` if the field is required.
    fn absent() -> Option<Self> {
        None
    }
}

pub(crate) fn to_string(value: &dyn ToJson) -> String {
    let mut text = String::with_capacity(USUAL);
    value.write(&mut text);
    text
}

/// The only value in the text; `None` if it is not of this type, or more follows.
pub(crate) fn from_slice<T: FromJson>(text: &[u8]) -> Option<T> {
    let mut from = SliceLexer::new(text);
    let value = T::read(from.ws_peek()?, &mut from)?;
    from.ws_peek().is_none().then_some(value)
}

/// Reads and writes a struct as an object with these fields.
macro_rules! object {
    ($type:ident { $($field:ident $(as $key:literal)?),* $(,)? }) => {
        $crate::base::json::object!(write $type { $($field $(as $key)?),* });
        $crate::base::json::object!(read $type { $($field $(as $key)?),* });
    };
    // Reads only.
    (read $type:ident { $($field:ident $(as $key:literal)?),* $(,)? }) => {
        impl $crate::base::json::FromJson for $type {
            fn read(next: u8, from: &mut hifijson::SliceLexer<'_>) -> Option<Self> {
                use $crate::base::json::FromJson;

                $(let mut $field = None;)*
                $crate::base::json::read_fields(next, from, &mut |key, next, from| {
                    $(if key == $crate::base::json::key!($field $($key)?) {
                        $field = Some(FromJson::read(next, from)?);
                        return Some(());
                    })*
                    $crate::base::json::skip(next, from)
                })?;
                Some(Self {
                    $($field: match $field {
                        Some(value) => value,
                        None => FromJson::absent()?,
                    }),*
                })
            }
        }
    };
    // Writes only.
    (write $type:ty { $($field:ident $(as $key:literal)?),* $(,)? }) => {
        impl $crate::base::json::ToJson for $type {
            fn write(&self, text: &mut String) {
                text.push('{');
                $($crate::base::json::write_field(
                    concat!("\"", $crate::base::json::key!($field $($key)?), "\":"),
                    &self.$field,
                    text,
                );)*
                text.push('}');
            }
        }
    };
}

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// Reads and writes an enum as its `as_str`.
macro_rules! words {
    ($type:ident: $($variant:ident),* $(,)?) => {
        impl $crate::base::json::ToJson for $type {
            fn write(&self, text: &mut String) {
                $crate::base::json::ToJson::write(self.as_str(), text);
            }
        }

        impl $crate::base::json::FromJson for $type {
            fn read(next: u8, from: &mut hifijson::SliceLexer<'_>) -> Option<Self> {
                let word: String = $crate::base::json::FromJson::read(next, from)?;
                [$(Self::$variant),*].into_iter().find(|found| found.as_str() == word)
            }
        }
    };
}

pub(crate) use {key, object, words};

/// Writes a field with its key, which is quoted and has its colon.
pub(crate) fn write_field(key: &str, value: &dyn ToJson, text: &mut String) {
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push_str(key);
    value.write(text);
}

/// Calls `field` with the key of each field, and with where its value begins.
pub(crate) fn read_fields(
    next: u8,
    from: &mut SliceLexer<'_>,
    field: &mut dyn FnMut(&str, u8, &mut SliceLexer<'_>) -> Option<()>,
) -> Option<()> {
    let found = match next {
        b'{' => from.discarded().seq(b'}', Lex::ws_peek, |next, from| {
            from.expect(|_| Some(next), b'"').ok_or(Malformed)?;
            let key = from.str_string().map_err(|_| Malformed)?;
            from.expect(Lex::ws_peek, b':').ok_or(Malformed)?;
            let next = from.ws_peek().ok_or(Malformed)?;
            field(&key, next, from).ok_or(Malformed)
        }),
        _ => Err(Malformed),
    };
    found.ok()
}

/// Calls `item` with where each item of an array begins.
pub(crate) fn read_items(
    next: u8,
    from: &mut SliceLexer<'_>,
    item: &mut dyn FnMut(u8, &mut SliceLexer<'_>) -> Option<()>,
) -> Option<()> {
    let item = |next, from: &mut SliceLexer<'_>| item(next, from).ok_or(Malformed);
    match next {
        b'[' => from.discarded().seq(b']', Lex::ws_peek, item).ok(),
        _ => None,
    }
}

/// Skips a value.
pub(crate) fn skip(next: u8, from: &mut SliceLexer<'_>) -> Option<()> {
    value::parse_bounded(DEEPEST, next, from).ok().map(drop)
}

/// Without a position: the caller's message names the file.
struct Malformed;

impl From<hifijson::Expect> for Malformed {
    fn from(_: hifijson::Expect) -> Self {
        Self
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, text: &mut String) {
        T::write(self, text);
    }
}

impl<T: ToJson> ToJson for Arc<T> {
    fn write(&self, text: &mut String) {
        T::write(self, text);
    }
}

impl<T: FromJson> FromJson for Arc<T> {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        T::read(next, from).map(Self::new)
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, text: &mut String) {
        match self {
            Some(value) => value.write(text),
            None => text.push_str("null"),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        match next {
            b'n' => matches!(from.null_or_bool(), Some(None)).then_some(None),
            _ => T::read(next, from).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, text: &mut String) {
        text.push('[');
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            value.write(text);
        }
        text.push(']');
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        let mut values = Vec::new();
        read_items(next, from, &mut |next, from| {
            values.push(T::read(next, from)?);
            Some(())
        })?;
        Some(values)
    }
}

impl ToJson for bool {
    fn write(&self, text: &mut String) {
        text.push_str(if *self { "true" } else { "false" });
    }
}

impl FromJson for bool {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        match next {
            b't' | b'f' => from.null_or_bool()?,
            _ => None,
        }
    }
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn write(&self, text: &mut String) {
                text.push_str(itoa::Buffer::new().format(*self));
            }
        }

        impl FromJson for $type {
            fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
                let mut number: $type = next.is_ascii_digit().then_some(0)?;
                // Other characters of a JSON number (`.`, `e`) end no field: refused there.
                while let Some(digit @ b'0'..=b'9') = from.peek_next() {
                    number = number.checked_mul(10)?.checked_add(<$type>::from(digit - b'0'))?;
                    from.take_next();
                }
                Some(number)
            }
        }
    )*};
}

number!(u32, u64);

impl ToJson for String {
    fn write(&self, text: &mut String) {
        self.as_str().write(text);
    }
}

impl FromJson for String {
    fn read(next: u8, from: &mut SliceLexer<'_>) -> Option<Self> {
        match next {
            b'"' => Some(from.discarded().str_string().ok()?.into_owned()),
            _ => None,
        }
    }
}

impl ToJson for str {
    fn write(&self, text: &mut String) {
        text.push('"');
        // Without a branch for each byte, so that the compiler can vectorise it.
        let escapes =
            |found, byte: &u8| found | (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
        match self.as_bytes().iter().fold(false, escapes) {
            false => text.push_str(self),
            true => self.chars().for_each(|c| escape(c, text)),
        }
        text.push('"');
    }
}

fn escape(c: char, text: &mut String) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\0'..' ' => {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        }
        other => text.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct All {
        text: String,
        list: Vec<Option<bool>>,
        inner: Vec<All>,
        large: u64,
        missing: Option<u32>,
    }

    object!(All { text, list as "a list", inner, large, missing });

    fn all(text: &str, inner: Vec<All>) -> All {
        All {
            text: text.to_owned(),
            list: vec![Some(true), None, Some(false)],
            inner,
            large: u64::MAX,
            missing: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_as_serde_json_reads_it() {
        let control: String = (0..0x20).map(char::from).collect();
        for text in ["", "db-0", "\"\\", "\u{e9}\u{1f600}\u{7f}", &control] {
            let value = all(text, vec![all("in", Vec::new()), all(text, Vec::new())]);
            let written = to_string(&value);
            assert!(!written.contains(|c: char| c < ' '));
            assert_eq!(from_slice::<All>(written.as_bytes()).unwrap(), value);
            let theirs: serde_json::Value = serde_json::from_str(&written).unwrap();
            assert_eq!(theirs["inner"][1]["text"], text);
            assert_eq!(theirs["large"], u64::MAX);
            let theirs = serde_json::to_vec_pretty(&theirs).unwrap();
            assert_eq!(from_slice::<All>(&theirs).unwrap(), value);
        }
        assert_eq!(to_string(&Vec::<u32>::new()), "[]");
        assert_eq!(to_string(&vec!["a", "b"]), r#"["a","b"]"#);
    }

    #[test]
    fn a_malformed_value_is_refused() {
        let read = |text: &str| from_slice::<All>(text.as_bytes());
        let sound = r#"{"text":"","a list":[],"inner":[],"large":1}"#;
        assert!(read(sound).is_some());
        assert!(read(&format!(" {sound} \n")).is_some());
        for end in 0..sound.len() {
            assert_eq!(read(&sound[..end]), None, "{end}");
        }
        for (there, instead) in [
            ("1}", "1}}"),
            ("1}", "-1}"),
            ("1}", "1.5}"),
            ("1}", "18446744073709551616}"),
            ("1}", "1e3}"),
            ("1}", "null}"),
            ("\"\"", "\"\n\""),
            ("\"\"", "\"\\x\""),
            ("\"\"", "\"\\ud800\""),
            ("[]", "[2]"),
            ("\"large\":1", "\"larger\":1"),
        ] {
            let text = sound.replacen(there, instead, 1);
            assert_ne!(text, sound);
            assert_eq!(read(&text), None, "{text}");
        }
        let deep = sound.replacen('{', &format!("{{\"x\":{}", "[".repeat(100_000)), 1);
        assert_eq!(read(&deep), None);
    }
}
