//! Unix, by rustix and libc.

#[allow(unsafe_code, reason = "libc is unsafe")]
pub(super) mod calls;
mod dir;
mod group;
mod process;
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
    Dir, is_current_user, is_descriptor_shortage, open_regular, path_names, read_at, still_linked,
    write_at_start, write_private,
};
pub(crate) use group::{Group, end_group, kill_group, wait_for_leader};
pub(crate) use process::{
    close_stdout, detach, name_process, own_program, pid_namespace, process_state, wait_for_exit,
};
pub(crate) use std::os::unix::process::parent_id;
#[cfg(target_os = "linux")]
pub(super) use watched::Watched;
