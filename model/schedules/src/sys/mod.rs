//! Stands in for the engine's `sys`, with its own files of budgets and spare files.

#[path = "../../../../nm-runtime/src/sys/budget.rs"]
pub(crate) mod budget;
#[path = "../../../../nm-runtime/src/sys/spare.rs"]
pub(crate) mod spare;

pub(crate) mod limit {
    /// So few that the budget of spare files is 2, and the gate has room for 8.
    pub(crate) fn descriptor_limit() -> Option<u64> {
        Some(32)
    }
}

pub(crate) mod open_file {
    pub(crate) use std::fs::File as OpenFile;
}

pub(crate) fn start_lock_waiter(work: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
    std::thread::Builder::new().spawn(work).map(drop)
}

pub(crate) use limit::descriptor_limit;
pub(crate) use open_file::OpenFile;
