//! What differs between operating systems, behind the same few names. The engine of
//! `name-manager` is built on it; depend on `name-manager` instead.
//!
//! A package of its own, so that the engine can be checked while this is compiled.

#![deny(unsafe_code)]

mod ancestor;
mod bell;
mod budget;
mod file_id;
mod limit;
mod obituary;
mod open_file;
mod pid_namespace;
mod process_state;
mod read;
mod spare;
mod threads;

pub use bell::{Bell, End, Heard, LOOK_AGAIN};
pub use file_id::FileId;
pub use limit::descriptor_limit;
pub use obituary::{Obituary, Process};
pub use open_file::OpenFile;
pub use pid_namespace::{pid_namespace, process_state};
pub use process_state::ProcessState;
pub use read::{list, read_regular};
pub use threads::{LOCK_WAITER, environment_readers, start_lock_waiter};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(target_os = "linux")]
pub use system::emulator;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub use system::exit_status;
#[cfg(all(unix, feature = "tools"))]
pub use system::keep_ended_children;
#[cfg(any(test, fuzzing, feature = "tools"))]
pub use system::opened;
#[cfg(all(windows, feature = "tools"))]
pub use system::tools;
pub use system::{
    Appender, Dir, ancestor, answer, at_exit, change_lock, detach, is_current_user,
    is_descriptor_shortage, lock, name_process, open_regular, own_program, parent_id, path_names,
    read_at, remove, rename, start_standby, still_linked, try_lock, unlock, wait_for_exit,
    write_at_start, write_private,
};
pub use system::{
    Caller, Group, LOCKS_ARE_PASSED_ON, Standby, Watcher, command, kill_orphaned_group, signal,
};
#[cfg(feature = "tools")]
pub use system::{device, file_id};
