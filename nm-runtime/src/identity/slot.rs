//! The name to try first, if the runner allows a guess.

use std::env;
use std::sync::LazyLock;

/// nextest numbers the tests of a group that run concurrently: in a group as large
/// as the pool, the name with that number is free. Only a guess: other runs have
/// slots with the same numbers, and the group may serve another purpose.
const SLOT: &str = "NEXTEST_TEST_GROUP_SLOT";

/// The index to start with in a pool of this capacity.
pub(crate) fn first(capacity: Option<usize>) -> usize {
    // `none` outside groups.
    static GUESS: LazyLock<Option<usize>> = LazyLock::new(|| env::var(SLOT).ok()?.parse().ok());
    match (*GUESS, capacity) {
        (Some(slot), Some(capacity)) if capacity > 0 => slot % capacity,
        _ => 0,
    }
}
