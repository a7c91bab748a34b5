//! What other tests do, by the journal: never by time.

#![allow(dead_code)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, path::Path, thread};

/// How many events of a kind the pool's journal has.
pub fn count(pool: &str, kind: &str) -> usize {
    let in_workspace = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.name-manager");
    let workspace = env::var("NAME_MANAGER_DIR").map_or_else(|_| in_workspace(), Into::into);
    let user = Path::new(&env::var("XDG_STATE_HOME").unwrap()).join("name-manager");
    let kind = format!("\"kind\":\"{kind}\"");
    let count = |state: &Path| {
        let journal = state.join("pools").join(pool).join("journal.jsonl");
        let text = fs::read_to_string(journal).unwrap_or_default();
        text.lines().filter(|line| line.contains(&kind)).count()
    };
    count(&workspace) + count(&user)
}

pub fn until(pool: &str, kind: &str, at_least: usize) {
    wait(|| count(pool, kind) >= at_least);
}

/// Waits until the fixture has made the file that the variable names.
pub fn until_told() {
    let path = env::var("SUITE_FILE").unwrap();
    wait(|| Path::new(&path).exists());
}

/// Waits until so many have come to this place.
pub fn meet(place: &AtomicUsize, number: usize) {
    place.fetch_add(1, Ordering::SeqCst);
    wait(|| place.load(Ordering::SeqCst) >= number);
}

fn wait(is_so: impl Fn() -> bool) {
    // The bound only ends a test that would hang.
    let bound = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < bound, "nobody came");
        thread::sleep(Duration::from_millis(1));
    }
}
