//! Unix, by rustix and libc.

#[allow(unsafe_code, reason = "libc is unsafe")]
pub(super) mod calls;
mod dir;
#[cfg(any(test, target_os = "macos", target_os = "freebsd"))]
mod ends;
#[cfg(any(test, name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
mod events;
mod group;
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
#[allow(unsafe_code, reason = "libc is unsafe")]
mod kinfo;
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
#[allow(unsafe_code, reason = "libc is unsafe")]
mod kqueue;
mod lock;
mod process;
#[cfg(all(target_os = "linux", any(test, name_manager_strokes)))]
mod stand_in;
mod standby;
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
mod stop;
#[cfg(any(test, name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
mod strokes;
#[cfg(any(test, name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
mod watch;
#[cfg(target_os = "linux")]
mod watched;
mod watcher;

#[cfg(all(target_os = "linux", not(name_manager_strokes)))]
pub(super) use calls::Word;
#[cfg(feature = "keys")]
pub(crate) use calls::at_exit;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub(crate) use calls::exit_status;
#[cfg(feature = "tools")]
pub use calls::keep_ended_children;
#[cfg(any(test, fuzzing, feature = "tools"))]
pub(crate) use dir::opened;
pub(crate) use dir::{
    Appender, Dir, is_current_user, is_descriptor_shortage, open_regular, path_names, read_at,
    remove, rename, still_linked, write_at_start, write_private,
};
#[cfg(feature = "tools")]
pub(crate) use dir::{device, file_id};
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub(super) use ends::Watched;
pub(crate) use group::{Group, kill_orphaned_group};
pub(crate) use lock::{change_lock, lock, try_lock, unlock};
#[cfg(target_os = "linux")]
pub(crate) use process::emulator;
pub(crate) use process::{
    ancestor, detach, name_process, own_program, pid_namespace, process_state, wait_for_exit,
};
pub use standby::Standby;
pub(crate) use standby::{answer, start_standby};
pub(crate) use std::os::unix::process::parent_id;
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
pub(super) use stop::{Stop, stop};
#[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
pub(super) use strokes::{Stroke, Strokes};
#[cfg(target_os = "linux")]
pub(super) use watched::Watched;
pub(crate) use watcher::{Caller, Watcher, signal};

/// The command of a program and its arguments.
pub(crate) fn command(words: &[String]) -> std::process::Command {
    let mut command = std::process::Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// A lock can be kept by the process that has its file open as another has.
pub(crate) const LOCKS_ARE_PASSED_ON: bool = true;
