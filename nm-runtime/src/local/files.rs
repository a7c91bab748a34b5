//! The layout on disk: the files of a pool's directory, each name once. (The
//! journal's files are the journal's own.)

/// Locked by the head of the queue.
pub(crate) const QUEUE: &str = "queue.lock";
/// Locked (shared) by every waiter, in the queue or beside it for a given name.
pub(crate) const WAITERS: &str = "waiters.lock";
/// The directory of the queue's tickets.
pub(crate) const TICKETS: &str = "line";
/// Among the tickets: the name of the last one drawn.
pub(crate) const LAST_TICKET: &str = "last";
/// Among the tickets: the name of the first one, or of an earlier first.
pub(crate) const FIRST_TICKET: &str = "first";
/// Locked while a ticket is drawn, and so while the last one is noted.
pub(crate) const DRAW: &str = "line.lock";
/// Rung by whoever may have made a name free; the head of the queue waits for it.
pub(crate) const BELL: &str = "bell";
/// What a blocked head of the queue waits for.
pub(crate) const HEAD: &str = "head.json";
/// What the pool's allocator has decided.
pub(crate) const DECISIONS: &str = "decisions.json";
/// Locked while the allocator is asked.
pub(crate) const DECISIONS_LOCK: &str = "decisions.lock";
/// Where the pool's user code is.
pub(crate) const CODE: &str = "code.json";
/// Locked while [`CODE`] is changed.
pub(crate) const CODE_LOCK: &str = "code.lock";
/// The locks of live runs and their reapers.
pub(crate) const RUNS: &str = "runs";
/// Locked by the reaper that is cleaning: one at a time.
pub(crate) const REAPER: &str = "reaper.lock";
/// What hooks have done with the pool as a whole.
pub(crate) const LIFE: &str = "life.json";
/// Locked while [`LIFE`] is changed, and so while `setup` or `teardown` runs.
pub(crate) const LIFE_LOCK: &str = "life.lock";
/// What attributes say about the pool's size, one line per run: concurrent runs may
/// differ, if they were built from different sources.
pub(crate) const SIZES: &str = "sizes.jsonl";
/// Locked while [`SIZES`] is changed.
pub(crate) const SIZES_LOCK: &str = "sizes.lock";
/// The directory of the locks and logs of hooks that are commands.
pub(crate) const HOOKS: &str = "hooks";
/// Those of the pool's own hooks, as no name can be called.
pub(crate) const OF_POOL: &str = "_pool";
/// The names' directory.
pub(crate) const NAMES: &str = "names";

/// Locked while the name is lent.
pub(crate) fn lock(name: &str) -> String {
    [name, ".lock"].concat()
}

/// What hooks of the name have printed.
pub(crate) fn log(name: &str) -> String {
    [name, ".log"].concat()
}

/// Locked by the process that watches over a hook of the name, where it cannot have [`lock`].
pub(crate) fn watch(name: &str) -> String {
    [name, ".watch"].concat()
}

/// Locked by the waiter that the name is reserved for.
pub(crate) fn reservation(name: &str) -> String {
    [name, ".next"].concat()
}

/// The name's record.
pub(crate) fn record(name: &str) -> String {
    [name, ".json"].concat()
}

/// The name whose record this file is, if it is one.
pub(crate) fn name_of_record(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
}
