use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use nm_runtime::listing as runtime;

use crate::commands::nextest::arguments::Arguments;
use crate::commands::nextest::block::Document;
use crate::commands::nextest::config::{Owner, config};
use crate::commands::nextest::version;
use crate::fuzz::screen::is_shown;
use crate::groups::{Durations, Plan};
use crate::listing::{Build, cases};
use crate::screen::difference::difference as differ;

/// A configuration file, a zero, and the contents of the block.
pub fn block(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let (text, body) = text.split_once('\0').unwrap_or((text, "[test-groups.a]"));
    let document = match Document::parse(text, "nextest.toml") {
        Ok(document) => document,
        Err(error) => return is_shown(&error.to_string()),
    };
    if text.replace("\r\n", "").contains('\r') {
        return; // no TOML
    }
    let around = document.without_block();
    assert_eq!(around == text, !document.has_block());
    if body.contains("# name-manager") || Document::parse(body, "body").is_err() {
        return; // never made by us
    }
    let written = document.with_block(body);
    let again = Document::parse(&written, "nextest.toml").unwrap();
    assert_eq!(again.has_block(), !body.is_empty());
    // Byte for byte, but for the end of a last line.
    let rest = again.without_block();
    let rest = rest.strip_prefix(around.as_str());
    assert!(matches!(rest, Some("" | "\n" | "\r\n")), "{text:?}");
    assert_eq!(again.with_block(body), written);
}

/// A build as nextest lists it, a zero, and the tests as the binaries list them.
pub fn plan(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let (build, printed) = text.split_once('\0').unwrap_or((text, ""));
    let Ok(build) = serde_json::from_str::<Build>(build) else {
        return;
    };
    build.library_paths();
    let listed: Vec<_> = runtime::parse(printed).collect();
    let of = |suite| listed.iter().flat_map(move |test| cases(suite, test));
    let tests: Vec<_> = build.suites().flat_map(of).collect();
    let plan = Plan::new(&tests, &Durations::default());
    for group in &plan.groups {
        assert!(group.max > 0, "{group:?}");
    }
    for rule in &plan.rules {
        let is_of = |id: &String| plan.groups.iter().any(|group| group.id == *id);
        assert!(rule.group.as_ref().is_none_or(is_of), "{rule:?}");
        assert!((-100..=100).contains(&rule.priority), "{rule:?}");
    }
    for owner in [Owner::Tool, Owner::Repository] {
        let text = config(&plan, owner);
        let table = toml::de::DeTable::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let groups = table.get_ref().get("test-groups");
        let groups = groups.and_then(|groups| groups.get_ref().as_table());
        assert_eq!(groups.map_or(0, |groups| groups.len()), plan.groups.len());
        block(text.as_bytes());
        let document = Document::parse("# mine\n", "nextest.toml").unwrap();
        let written = document.with_block(&text);
        let again = Document::parse(&written, "nextest.toml").unwrap();
        assert_eq!(again.without_block(), "# mine\n");
    }
}

pub fn arguments(words: &[&OsStr]) {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let given = Arguments::new(words.clone());
    let of_build = given.of_build();
    assert!(of_build.iter().all(|word| words.contains(word)));
    let ours = given.with_config_file("ours.toml".into());
    let value = ours.value("--config-file");
    assert_eq!(value, Some(PathBuf::from("ours.toml")));
    // Once is enough.
    let again = ours.with_config_file("ours.toml".into());
    assert_eq!(again.all(), ours.all());
}

pub fn difference(text: &str) {
    let (old, new) = text.split_once('\0').unwrap_or((text, ""));
    let shown = differ(old, new);
    assert_eq!(
        shown.lines().any(|line| line.starts_with(['-', '+'])),
        old != new
    );
    let _ = version::check(text);
}
