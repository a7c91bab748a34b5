//! What differs between operating systems, behind the same few names. Imports no other
//! folder.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(unix)]
pub use system::ignored;
pub use system::{
    Anchored, Input, Interrupts, Listener, Source, Stream, arguments, create_dir, executable,
    exit_status, is_alive, keep_private, leave_caller, look_up, new_private_file, parent_id,
    private, ready, rename, spawn_bound, stand_alone, start_keeper, started_in_background,
};

/// What the system knows of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Distinguishes it from a later process with its id.
    pub started: u64,
    pub parent: u32,
    /// A copy of its parent that has not executed anything since: a subshell.
    pub is_copy: bool,
}

/// A silent caller blocks a keeper no longer than this.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
