use std::io::{Seek, SeekFrom, Write};

use crate::base::json;

use crate::fuzz;
use crate::journal::Event;
use crate::journal::parse::{self, Line};
use crate::journal::source::Source;
use crate::terms::event::Entry;
use crate::terms::record::FORMAT;

/// Lines that are too long, of which an input must have some by chance.
const LONGEST: usize = 1 << 10;

/// One line of the journal.
pub(crate) fn line(bytes: &[u8]) {
    match parse::line(bytes) {
        Line::Garbage => {}
        Line::Newer(version) => assert!(version > FORMAT),
        Line::Event(event) => {
            let text = written(&event);
            assert_eq!(parsed(text.as_bytes()), Some(*event.clone()));
            // Torn anywhere, it does not spoil what is written after it.
            let text = text.as_bytes();
            let torn = &text[..bytes.len() % text.len()];
            assert_eq!(parsed(torn), None);
            assert_eq!(parsed(&[torn, text].concat()), Some(*event));
        }
    }
}

/// A whole journal, whose first byte says how much of it is there when reading begins.
pub(crate) fn file(bytes: &[u8]) {
    let Some((at, bytes)) = bytes.split_first() else {
        return;
    };
    let (first, rest) = bytes.split_at(bytes.len() * usize::from(*at) / 256);
    let (at_once, skipped) = read(&[bytes]);
    assert!(at_once.len() as u64 + skipped <= lines(bytes));

    // What is written while it is read is read like the rest, unless it continues a
    // line that was already whole.
    let begun = first.rsplit(|byte| *byte == b'\n').next().unwrap_or(first);
    if let Line::Garbage = parse::line(begun) {
        assert_eq!(read(&[first, rest]), (at_once.clone(), skipped));
    }

    let event = format!("\n{EVENT}\n");
    let (mut after, _) = read(&[bytes, event.as_bytes()]);
    assert_eq!(after.pop(), parsed(EVENT.as_bytes()));

    // Begun in the middle, it gives the last events; its first line may be the end of
    // one that is too long.
    let mut tail = Source::of(fuzz::file(bytes), rest.len() as u64, LONGEST).unwrap();
    let tail = events(&mut tail);
    let is_end = |tail: &[Event]| at_once.ends_with(tail);
    assert!(
        is_end(&tail) || is_end(&tail[1..]),
        "{tail:?} of {at_once:?}"
    );
}

const EVENT: &str = r#"{"v":1,"time":5,"kind":"released","pool":"db","name":"db-0","fence":3,"id":"7-0","holder":{"test":"a","pid":7,"token":"7-1","run":"r","file":"tests/a.rs","line":3,"since":1},"detail":null,"waited":null,"access":"shared","state":"dirty","phase":null}"#;

fn lines(bytes: &[u8]) -> u64 {
    bytes.split_inclusive(|byte| *byte == b'\n').count() as u64
}

/// The events of a file that is written part by part and read to its end after
/// each, and how many lines were skipped.
fn read(parts: &[&[u8]]) -> (Vec<Event>, u64) {
    let file = fuzz::file(b"");
    let mut source = Source::of(file.try_clone().unwrap(), u64::MAX, LONGEST).unwrap();
    let mut found = Vec::new();
    let mut written = 0;
    for part in parts {
        // The two share one position in the file.
        let place = (&file).stream_position().unwrap();
        (&file).seek(SeekFrom::Start(written)).unwrap();
        (&file).write_all(part).unwrap();
        written += part.len() as u64;
        (&file).seek(SeekFrom::Start(place)).unwrap();
        found.extend(events(&mut source));
    }
    (found, source.skipped())
}

fn events(source: &mut Source) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(line) = source.next().unwrap() {
        if let Line::Event(event) = line {
            events.push(*event);
        }
    }
    events
}

fn parsed(line: &[u8]) -> Option<Event> {
    match parse::line(line) {
        Line::Event(event) => Some(*event),
        _ => None,
    }
}

fn written(event: &Event) -> String {
    json::to_string(&Entry {
        v: event.v,
        time: event.time,
        kind: event.kind,
        pool: &event.pool,
        name: event.name.as_deref(),
        fence: event.fence,
        id: &event.id,
        holder: &event.holder,
        detail: event.detail.as_deref(),
        waited: event.waited,
        access: event.access,
        state: event.state,
        phase: event.phase,
    })
}
