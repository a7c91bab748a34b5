//! One line of the journal, read by hand: views read a million of them, and a
//! derived reader takes several times as long.

use std::borrow::Cow;

use crate::identity::Holder;
use crate::journal::{Event, Kind, Phase};
use crate::lock::Access;
use crate::record::{FORMAT, State};

pub(super) enum Line {
    Event(Box<Event>),
    /// Of this version.
    Newer(u32),
    Garbage,
}

/// How every line begins. Nothing inside one looks like it: there, quotes are escaped.
const BEGIN: &[u8] = b"{\"v\":";

pub(super) fn line(line: &[u8]) -> Line {
    match whole_line(line) {
        // A torn line has no end, so the next event stands on it too.
        Line::Garbage => match line.windows(BEGIN.len()).rposition(|part| part == BEGIN) {
            Some(begin) if begin > 0 => whole_line(&line[begin..]),
            _ => Line::Garbage,
        },
        found => found,
    }
}

fn whole_line(line: &[u8]) -> Line {
    let Ok(text) = str::from_utf8(line) else {
        return Line::Garbage;
    };
    let mut fields = Fields::default();
    let read = Cursor::new(text).object(|key, cursor| fields.read(key, cursor));
    match (fields.v, read) {
        (Some(v), _) if v > u64::from(FORMAT) => match Cursor::new(text).skip() {
            Some(()) => Line::Newer(v.try_into().unwrap_or(u32::MAX)),
            None => Line::Garbage,
        },
        (_, Some(())) => fields.event().map_or(Line::Garbage, Line::Event),
        (_, None) => Line::Garbage,
    }
}

#[derive(Default)]
struct Fields<'a> {
    v: Option<u64>,
    time: Option<u64>,
    kind: Option<Kind>,
    pool: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    fence: Option<u64>,
    id: Option<Cow<'a, str>>,
    holder: HolderFields<'a>,
    detail: Option<Cow<'a, str>>,
    waited: Option<u64>,
    access: Option<Access>,
    state: Option<State>,
    phase: Option<Phase>,
}

#[derive(Default)]
struct HolderFields<'a> {
    test: Option<Cow<'a, str>>,
    pid: Option<u64>,
    token: Option<Cow<'a, str>>,
    run: Option<Cow<'a, str>>,
    file: Option<Cow<'a, str>>,
    line: Option<u64>,
    since: Option<u64>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, key: &str, value: &mut Cursor<'a>) -> Option<()> {
        match key {
            "v" => self.v = value.number()?,
            "time" => self.time = value.number()?,
            "kind" => self.kind = value.word(Kind::ALL, Kind::as_str)?,
            "pool" => self.pool = value.text()?,
            "name" => self.name = value.text()?,
            "fence" => self.fence = value.number()?,
            "id" => self.id = value.text()?,
            "holder" => {
                let holder = &mut self.holder;
                value.object(|key, value| holder.read(key, value))?;
            }
            "detail" => self.detail = value.text()?,
            "waited" => self.waited = value.number()?,
            "access" => self.access = value.word(Access::ALL, Access::as_str)?,
            "state" => self.state = value.word(State::ALL, State::as_str)?,
            "phase" => self.phase = value.word(Phase::ALL, Phase::as_str)?,
            _ => value.skip()?,
        }
        Some(())
    }

    fn event(self) -> Option<Box<Event>> {
        Some(Box::new(Event {
            v: self.v?.try_into().ok()?,
            time: self.time?,
            kind: self.kind?,
            pool: self.pool?.into_owned(),
            name: self.name.map(Cow::into_owned),
            fence: self.fence,
            id: self.id?.into_owned(),
            holder: self.holder.holder()?,
            detail: self.detail.map(Cow::into_owned),
            waited: self.waited,
            access: self.access,
            state: self.state,
            phase: self.phase,
        }))
    }
}

impl<'a> HolderFields<'a> {
    fn read(&mut self, key: &str, value: &mut Cursor<'a>) -> Option<()> {
        match key {
            "test" => self.test = value.text()?,
            "pid" => self.pid = value.number()?,
            "token" => self.token = value.text()?,
            "run" => self.run = value.text()?,
            "file" => self.file = value.text()?,
            "line" => self.line = value.number()?,
            "since" => self.since = value.number()?,
            _ => value.skip()?,
        }
        Some(())
    }

    fn holder(self) -> Option<Holder> {
        Some(Holder {
            test: self.test?.into_owned(),
            pid: self.pid?.try_into().ok()?,
            token: self.token?.into_owned(),
            run: self.run?.into_owned(),
            file: self.file?.into_owned(),
            line: self.line?.try_into().ok()?,
            since: self.since?,
        })
    }
}

/// Where in a line of JSON we are. Every reader gives nothing for what is not
/// what it reads.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Deeper than that nests nothing that we wrote.
const DEEPEST: usize = 32;

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// An object, each of whose values `read` takes.
    fn object(&mut self, mut read: impl FnMut(&str, &mut Self) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            read(&key, self)?;
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    fn null(&mut self) -> Option<bool> {
        if self.peek()? != b'n' {
            return Some(false);
        }
        self.literal("null").map(|()| true)
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        if !self.text[self.at..].starts_with(literal) {
            return None;
        }
        self.at += literal.len();
        Some(())
    }

    /// A string or null.
    fn text(&mut self) -> Option<Option<Cow<'a, str>>> {
        match self.null()? {
            true => Some(None),
            false => self.string().map(Some),
        }
    }

    /// One of some words, or null.
    fn word<T: Copy>(&mut self, all: &[T], word: fn(T) -> &'static str) -> Option<Option<T>> {
        let Some(text) = self.text()? else {
            return Some(None);
        };
        let found = all.iter().copied().find(|&one| word(one) == text)?;
        Some(Some(found))
    }

    /// A whole number or null.
    fn number(&mut self) -> Option<Option<u64>> {
        if self.null()? {
            return Some(None);
        }
        let rest = &self.text[self.at..];
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += end;
        rest[..end].parse().ok().map(Some)
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        let text = self.text;
        let rest = &text[self.at..];
        let end = rest
            .bytes()
            .position(|byte| byte == b'"' || byte == b'\\')?;
        if rest.as_bytes()[end] == b'"' {
            self.at += end + 1;
            return Some(Cow::Borrowed(&rest[..end]));
        }
        self.escaped().map(Cow::Owned)
    }

    fn escaped(&mut self) -> Option<String> {
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest
                .bytes()
                .position(|byte| byte == b'"' || byte == b'\\')?;
            string.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Some(string);
            }
            let escape = *self.text.as_bytes().get(self.at)?;
            self.at += 1;
            string.push(match escape {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                b'"' | b'\\' | b'/' => char::from(escape),
                _ => return None,
            });
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.literal("\\u")?;
        let second = self.hex()?;
        char::decode_utf16([first, second].map(|half| half as u16))
            .next()?
            .ok()
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// Whatever value comes, also what a newer version adds.
    fn skip(&mut self) -> Option<()> {
        self.skip_within(0)
    }

    fn skip_within(&mut self, depth: usize) -> Option<()> {
        if depth == DEEPEST {
            return None;
        }
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(|_, value| value.skip_within(depth + 1)),
            b'[' => {
                self.at += 1;
                if self.peek()? == b']' {
                    return self.take(b']');
                }
                loop {
                    self.skip_within(depth + 1)?;
                    match self.peek()? {
                        b',' => self.at += 1,
                        _ => return self.take(b']'),
                    }
                }
            }
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => {
                let rest = &self.text[self.at..];
                let of_number =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = rest.bytes().take_while(of_number).count();
                self.at += end;
                (end > 0).then_some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Option<Box<Event>> {
        match super::line(line.as_bytes()) {
            Line::Event(event) => Some(event),
            _ => None,
        }
    }

    const LINE: &str = r#"{"v":1,"time":5,"kind":"released","pool":"db","name":"db-0","fence":3,"id":"7-0","holder":{"test":"a \"b\"\n\u00e9\ud83d\ude00","pid":7,"token":"7-1","run":"r","file":"tests/a.rs","line":3,"since":1},"detail":null,"waited":null,"access":"shared","state":"dirty","phase":null}"#;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let event = event(LINE).unwrap();
        assert_eq!((event.v, event.time, event.kind), (1, 5, Kind::Released));
        assert_eq!(event.holder.test, "a \"b\"\n\u{e9}\u{1f600}");
        assert_eq!(event.access, Some(Access::Shared));
        assert_eq!(event.state, Some(State::Dirty));
        assert_eq!((event.detail, event.phase), (None, None));
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_order_does_not_matter() {
        let line = r#" { "new" : [1, {"a":[]}, "x", true, null, -1.5e3], "holder":{"since":1,"line":3,"file":"f","run":"r","token":"t","pid":7,"test":"a","new":{}}, "id":"7","pool":"db","kind":"waiting","time":5,"v":1 } "#;
        assert_eq!(event(line).unwrap().kind, Kind::Waiting);
    }

    #[test]
    fn no_part_of_a_line_is_an_event() {
        for end in 0..LINE.len() {
            let torn = LINE.get(..end).unwrap_or("");
            assert!(event(torn).is_none(), "{end}");
            let next = event(&format!("{torn}{LINE}"));
            assert_eq!(next, event(LINE), "{end}");
        }
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        assert!(event(&deep).is_none());
    }

    #[test]
    fn a_newer_line_says_its_version_whatever_else_is_in_it() {
        let newer = |text: &str| match line(text.as_bytes()) {
            Line::Newer(version) => Some(version),
            _ => None,
        };
        assert_eq!(newer(r#"{"v":9,"kind":"moved"}"#), Some(9));
        assert_eq!(newer(r#"{"kind":"waiting","holder":[],"v":2}"#), None);
        assert_eq!(newer(r#"{"v":9,"kind":"mov"#), None);
    }
}
