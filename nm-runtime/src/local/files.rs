//! The layout on disk: what stands in a pool's directory, each name once. (The
//! journal's files are the journal's own.)

/// Locked by the head of the queue.
pub(crate) const QUEUE: &str = "queue.lock";
/// Locked (shared) by every waiter, in line or beside it for a given name.
pub(crate) const WAITERS: &str = "waiters.lock";
/// The tickets of those in line.
pub(crate) const LINE: &str = "line";
/// Locked while a ticket is drawn.
pub(crate) const DRAW: &str = "line.lock";
/// What a blocked head of the queue waits for.
pub(crate) const HEAD: &str = "head.json";
/// What the pool's allocator has decided.
pub(crate) const DECISIONS: &str = "decisions.json";
/// The locks of live runs and their reapers.
pub(crate) const RUNS: &str = "runs";
/// Locked by the reaper that is cleaning: one at a time.
pub(crate) const REAPER: &str = "reaper.lock";
/// The pool's part of the life: beside the names' records.
pub(crate) const LIFE: &str = "life.json";
/// Locked while [`LIFE`] is changed, and so while `setup` or `teardown` runs.
pub(crate) const LIFE_LOCK: &str = "life.lock";
/// What attributes say of the pool's size, one line for each run: runs at the same
/// time may differ, when they were built from different sources.
pub(crate) const SIZES: &str = "sizes.jsonl";
/// Locked while [`SIZES`] is changed.
pub(crate) const SIZES_LOCK: &str = "sizes.lock";
/// The names' directory.
pub(crate) const NAMES: &str = "names";

/// Locked while the name is lent.
pub(crate) fn lock(name: &str) -> String {
    [name, ".lock"].concat()
}

/// The FIFO that tells of a holder's end.
pub(crate) fn fifo(name: &str) -> String {
    [name, ".wake"].concat()
}

/// Locked by the waiter that the name is reserved for.
pub(crate) fn reservation(name: &str) -> String {
    [name, ".next"].concat()
}

/// What is known of the name.
pub(crate) fn record(name: &str) -> String {
    [name, ".json"].concat()
}

/// The name whose record this file is.
pub(crate) fn name_of_record(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
}
