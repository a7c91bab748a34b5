//! Unix, by rustix and libc.

#[allow(unsafe_code, reason = "libc is unsafe")]
pub(super) mod calls;
mod dir;
mod group;
mod lock;
mod process;
mod standby;
#[cfg(target_os = "linux")]
mod watched;

#[cfg(target_os = "linux")]
pub(super) use calls::Word;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub(crate) use calls::exit_status;
#[cfg(feature = "tools")]
pub(crate) use dir::file_id;
#[cfg(any(test, fuzzing, feature = "tools"))]
pub(crate) use dir::opened;
pub(crate) use dir::{
    Appender, Dir, is_current_user, is_descriptor_shortage, open_regular, path_names, read_at,
    remove, rename, still_linked, write_at_start, write_private,
};
pub(crate) use group::{Group, end_group, kill_group, wait_for_leader};
pub(crate) use lock::{change_lock, lock, try_lock, unlock};
pub(crate) use process::{
    ancestor, detach, name_process, own_program, pid_namespace, process_state, wait_for_exit,
};
pub use standby::Standby;
pub(crate) use standby::{answer, start_standby};
pub(crate) use std::os::unix::process::parent_id;
#[cfg(target_os = "linux")]
pub(super) use watched::{Stop, Watched, stop};
