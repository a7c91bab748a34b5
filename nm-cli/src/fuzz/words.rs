use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::args::assignment::Assignment;
use crate::args::duration;
use crate::args::fill::fill_with;
use crate::args::pass_through::marked;
use crate::fuzz::nextest;
use crate::fuzz::screen::is_shown;
use crate::screen::label;
use crate::screen::text::{self, Cut};

/// Words of a command line, each ended by a zero. The first byte says what they are
/// for.
pub fn words(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    let words: Vec<&OsStr> = bytes
        .split(|byte| *byte == 0)
        .map(OsStr::from_bytes)
        .collect();
    let text = String::from_utf8_lossy(bytes);
    match kind % 8 {
        0 => labelled(&words),
        1 => assigned(&text),
        2 => lasts(&text),
        3 => filled(&text),
        4 => passed(&words),
        5 => nextest::arguments(&words),
        6 => nextest::difference(&text),
        _ => cut(&text),
    }
}

fn labelled(words: &[&OsStr]) {
    let label = label::of(words.iter().copied());
    assert!(!label.contains(char::is_control), "{label:?}");
    assert!(label.chars().count() <= 122, "{label:?}");
}

fn assigned(text: &str) {
    if text.contains('\0') {
        return; // no argument
    }
    match text.parse::<Assignment>() {
        Err(message) => is_shown(&message),
        Ok(Assignment { key, value }) => {
            assert_eq!(format!("{key}={value}"), text);
            // std would refuse others when the command starts.
            assert!(!key.is_empty() && !key.contains('='), "{key:?}");
        }
    }
}

fn lasts(text: &str) {
    match duration::parse(text) {
        Err(message) => is_shown(&message),
        Ok(duration) => {
            assert!(!duration.is_zero());
            let again = humantime::format_duration(duration).to_string();
            assert_eq!(duration::parse(&again), Ok(duration));
        }
    }
}

fn filled(text: &str) {
    let none = fill_with(text, |_| None);
    assert_eq!(none, text);
    let name = |key: &str| (key == "name").then(|| "{name}".to_owned());
    // The contents of a value are not replaced again.
    assert_eq!(fill_with(text, name), text);
    let short = fill_with(text, |key| (key == "name").then(|| "x".to_owned()));
    assert_eq!(short, text.replace("{name}", "x"));
}

fn passed(words: &[&OsStr]) {
    let given = words.iter().map(OsString::from);
    let marked = marked(given.clone());
    let mut kept = marked.clone();
    if kept.len() > words.len() {
        assert_eq!(kept.remove(2), "--");
    }
    assert_eq!(kept, given.collect::<Vec<_>>());
}

fn cut(text: &str) {
    let text = text::escape(text);
    is_shown(&text);
    for columns in [0, 1, 2, 7, 80] {
        for end in [Cut::Beginning, Cut::End] {
            let cut = text::cut(&text, columns, end);
            assert!(text::width(&cut) <= columns, "{cut:?} in {columns}");
        }
    }
}
