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
pub(crate) use threads::{LOCK_WAITER, environment_readers};

#[cfg(unix)]
mod unix;
#[cfg(target_os = "linux")]
pub(crate) use unix::emulator;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub(crate) use unix::exit_status;
#[cfg(all(unix, feature = "tools"))]
pub(crate) use unix::file_id;
#[cfg(all(unix, any(test, fuzzing, feature = "tools")))]
pub(crate) use unix::opened;
#[cfg(unix)]
pub(crate) use unix::{
    Dir, Group, ancestor, close_stdout, detach, end_group, is_current_user, is_descriptor_shortage,
    kill_group, name_process, open_regular, own_program, parent_id, path_names, read_at,
    still_linked, wait_for_exit, wait_for_leader, write_at_start, write_private,
};

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::{
    Dir, ancestor, close_stdout, detach, is_current_user, is_descriptor_shortage, name_process,
    open_regular, own_program, parent_id, path_names, read_at, still_linked, wait_for_exit,
    write_at_start, write_private,
};
#[cfg(all(not(unix), feature = "tools"))]
pub(crate) use other::{file_id, opened};
