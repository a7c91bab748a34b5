//! What differs between operating systems, behind the same few names. Imports no
//! other folder.

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

pub(crate) use bell::{Bell, End, Heard, LOOK_AGAIN};
#[cfg(feature = "tools")]
pub(crate) use file_id::FileId;
pub(crate) use limit::descriptor_limit;
pub(crate) use obituary::{Obituary, Process};
pub(crate) use open_file::OpenFile;
pub(crate) use pid_namespace::{pid_namespace, process_state};
pub use process_state::ProcessState;
pub(crate) use read::{list, read_regular};
#[cfg(all(unix, feature = "server"))]
pub(crate) use threads::LOCK_WAITER;
pub(crate) use threads::{environment_readers, start_lock_waiter};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub use system::Standby;
#[cfg(feature = "keys")]
pub(crate) use system::at_exit;
#[cfg(target_os = "linux")]
pub(crate) use system::emulator;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub(crate) use system::exit_status;
#[cfg(all(unix, feature = "tools"))]
pub use system::keep_ended_children;
#[cfg(any(test, fuzzing, feature = "tools"))]
pub(crate) use system::opened;
#[cfg(all(windows, feature = "tools"))]
pub use system::tools;
pub(crate) use system::{
    Appender, Dir, ancestor, answer, change_lock, detach, is_current_user, is_descriptor_shortage,
    lock, name_process, open_regular, own_program, parent_id, path_names, read_at, remove, rename,
    start_standby, still_linked, try_lock, unlock, wait_for_exit, write_at_start, write_private,
};
pub(crate) use system::{
    Caller, Group, LOCKS_ARE_PASSED_ON, Watcher, command, kill_orphaned_group, signal,
};
#[cfg(feature = "tools")]
pub(crate) use system::{device, file_id};
