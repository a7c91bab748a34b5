//! The command that this process runs, if a command asks for names and not a test.
//!
//! Set once, before the first pool is opened.

use std::path::PathBuf;
use std::sync::OnceLock;

static CALLER: OnceLock<Caller> = OnceLock::new();

/// How a command describes itself.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// What people see as the holder: the command.
    pub label: String,
    /// The run that it belongs to, unless `NAME_MANAGER_RUN_ID` or a runner above
    /// overrides it; without any, the process is a run of its own, which ends when it has
    /// left its pools.
    pub run: Option<CallerRun>,
    /// Where state lives, absolute; overrides variables and `Cargo.toml`.
    pub dir: Option<PathBuf>,
    /// `workspace`, `repository` or `user`; overrides variables and `Cargo.toml`.
    pub scope: Option<String>,
}

/// A run that ends with a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRun {
    /// Its id.
    pub id: String,
    /// The process; 0 if its end cannot be seen: then the run ends with what it holds.
    pub pid: u32,
    /// When that started, in the system's own unit; 0 if unknown.
    pub started: u64,
}

/// Declares this process a command. Its workspace is then the one around the current
/// directory, and outside any workspace its pools have the scope `user`. Only the
/// first call counts.
pub fn set(caller: Caller) {
    let _ = CALLER.set(caller);
}

pub(crate) fn get() -> Option<&'static Caller> {
    CALLER.get()
}
