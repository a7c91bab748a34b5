//! Meeting other tests, by what the journal says: never by time.

#![allow(dead_code)]

use std::time::{Duration, Instant};
use std::{env, fs, path::Path, thread};

fn journal(pool: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = format!(".name-manager/pools/{pool}/journal.jsonl");
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

fn count(pool: &str, texts: &[&str]) -> usize {
    let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
    journal(pool).lines().filter(has_all).count()
}

/// Waits until the pool's journal has so many events of a kind.
pub fn until(pool: &str, kind: &str, at_least: usize) {
    let kind = format!("\"kind\":\"{kind}\"");
    wait(|| count(pool, &[&kind]) >= at_least);
}

/// Waits until so many hold a name and so many others wait, as the variable
/// says of those; else not at all.
pub fn until_others_wait(pool: &str, holders: usize) {
    if let Ok(number) = env::var("SUITE_WAITING") {
        until(pool, "acquired", holders);
        until(pool, "waiting", number.parse().unwrap());
    }
}

/// Waits until the fixture has made the file that the variable names.
pub fn until_told() {
    let path = env::var("SUITE_FILE").unwrap();
    wait(|| Path::new(&path).exists());
}

/// Whether a test of this name holds a name of the pool.
pub fn holds(pool: &str, test: &str) -> bool {
    let test = format!("::{test}\"");
    let events = |kind: &str| count(pool, &[kind, &test]);
    events("\"kind\":\"acquired\"") == events("\"kind\":\"released\"") + 1
}

fn wait(is_so: impl Fn() -> bool) {
    // The bound only ends a test that would hang.
    let bound = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < bound, "nobody came");
        thread::sleep(Duration::from_millis(1));
    }
}
