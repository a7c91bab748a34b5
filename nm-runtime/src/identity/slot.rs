//! Which name to try first, where the runner has a guess.

use std::env;

use once_cell::sync::Lazy;

/// nextest numbers the tests of a group that run at once: under a group as large
/// as the pool, the name of that number is free. Only a guess: other runs have
/// slots of the same numbers, and a group may be anybody's.
const SLOT: &str = "NEXTEST_TEST_GROUP_SLOT";

/// The place to begin with in a pool of so many names.
pub(crate) fn first(capacity: Option<usize>) -> usize {
    // `none` outside groups.
    static GUESS: Lazy<Option<usize>> = Lazy::new(|| env::var(SLOT).ok()?.parse().ok());
    match (*GUESS, capacity) {
        (Some(slot), Some(capacity)) if capacity > 0 => slot % capacity,
        _ => 0,
    }
}
