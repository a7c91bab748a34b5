use std::path::Path;

use crate::backend::decisions::Decisions;
use crate::backend::snapshot::BlockedHead;
use crate::base::json::{self, FromJson, ToJson};
use crate::fuzz::shown;
use crate::local::dir::check_format;
use crate::modes::listing;
use crate::terms::code::PoolCode;
use crate::terms::declaration::Declaration;
use crate::terms::name;
use crate::terms::names::Names;
use crate::terms::pool_life::PoolLife;

/// The smaller files of a pool, and what a test binary prints of its tests.
pub(super) fn state(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    match kind % 6 {
        0 => again::<BlockedHead>(&text),
        1 => again::<Decisions>(&text),
        2 => {
            again::<PoolLife>(&text);
            again::<PoolCode>(&text);
        }
        3 => declarations(&text),
        4 => tests(&text),
        _ => format(&text),
    }
}

/// Checks that what was read, and is written, is read as the same.
fn again<T: FromJson + ToJson>(text: &str) {
    if let Some(read) = json::from_slice::<T>(text.as_bytes()) {
        let written = json::to_string(&read);
        let read = json::from_slice::<T>(written.as_bytes());
        let read = read.unwrap_or_else(|| panic!("{written}"));
        assert_eq!(json::to_string(&read), written);
    }
}

fn declarations(text: &str) {
    let Some(found) = Declaration::find(text, "run", false) else {
        return;
    };
    let unsaid = Names::Numbered {
        template: "db-{index}".to_owned(),
        max: None,
    };
    let names = found.adopted_by(&unsaid);
    assert_ne!(names.capacity(), Some(0), "{text}");
    for index in 0..3 {
        if let Some(name) = names.get(index) {
            name::check_name(&name).unwrap();
        }
    }
}

fn tests(printed: &str) {
    let tests: Vec<_> = listing::parse(printed).collect();
    assert!(tests.len() <= printed.lines().count());
    let printed: String = tests
        .iter()
        .map(|test| json::to_string(test) + "\n")
        .collect();
    assert!(listing::parse(&printed).eq(tests));
}

fn format(text: &str) {
    if let Err(error) = check_format(Path::new("state"), text.trim()) {
        shown(&error);
    }
}
