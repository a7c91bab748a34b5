//! One line of the journal.

use crate::base::json;
use crate::terms::event::Event;
use crate::terms::record::FORMAT;

/// What a line is.
pub(crate) enum Line {
    Event(Box<Event>),
    /// Written by a newer version: this one.
    Newer(u32),
    Garbage,
}

/// How every line begins. Nothing inside a line looks like it: there, quotes are escaped.
const BEGIN: &[u8] = b"{\"v\":";

pub(crate) fn line(line: &[u8]) -> Line {
    match whole_line(line) {
        // A torn line has no line end, so the next event is on the same line.
        Line::Garbage => match line.windows(BEGIN.len()).rposition(|part| part == BEGIN) {
            Some(begin) if begin > 0 => whole_line(&line[begin..]),
            _ => Line::Garbage,
        },
        found => found,
    }
}

struct Version {
    v: u32,
}

json::object!(read Version { v });

fn whole_line(line: &[u8]) -> Line {
    match json::from_slice::<Event>(line) {
        Some(event) if event.v <= FORMAT => Line::Event(Box::new(event)),
        _ => match json::from_slice::<Version>(line) {
            Some(Version { v }) if v > FORMAT => Line::Newer(v),
            _ => Line::Garbage,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Kind;
    use crate::terms::access::Access;
    use crate::terms::record::State;

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
    fn unknown_fields_are_skipped_and_order_does_not_matter() {
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
        assert_eq!(newer(r#"{"kind":"waiting","holder":[],"v":2}"#), Some(2));
        assert_eq!(newer(r#"{"v":9,"kind":"mov"#), None);
    }
}
