//! A command that asks for names, where otherwise a test would.
//!
//! Said once, before the first pool is opened.

use std::path::PathBuf;

use once_cell::sync::OnceCell;

static CALLER: OnceCell<Caller> = OnceCell::new();

/// What a command line says of itself.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// What people see as the holder: the command.
    pub label: String,
    /// The run that it belongs to, unless `NAME_MANAGER_RUN_ID` or a runner above
    /// says otherwise; without any, the process is a run of its own.
    pub run: Option<String>,
    /// Where state lives, absolute; beats variables and `Cargo.toml`.
    pub dir: Option<PathBuf>,
    /// `workspace`, `repository` or `user`; beats variables and `Cargo.toml`.
    pub scope: Option<String>,
}

/// Says that this process is a command. Its workspace is then the one around the
/// current directory, and outside any its pools are the user's. The first call
/// of a process counts.
pub fn set(caller: Caller) {
    let _ = CALLER.set(caller);
}

pub(crate) fn get() -> Option<&'static Caller> {
    CALLER.get()
}
