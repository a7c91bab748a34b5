//! Unix, by libc.

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
pub use calls::at_exit;
#[cfg(all(target_os = "linux", feature = "tools"))]
pub use calls::exit_status;
#[cfg(feature = "tools")]
pub use calls::keep_ended_children;
#[cfg(any(test, fuzzing, feature = "tools"))]
pub use dir::opened;
pub use dir::{
    Appender, Dir, is_current_user, is_descriptor_shortage, open_regular, path_names, read_at,
    remove, rename, still_linked, write_at_start, write_private,
};
#[cfg(feature = "tools")]
pub use dir::{device, file_id};
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
pub(super) use ends::Watched;
pub use group::{Group, kill_orphaned_group};
pub use lock::{change_lock, lock, try_lock, unlock};
#[cfg(target_os = "linux")]
pub use process::emulator;
pub use process::{ancestor, detach, name_process, own_program, wait_for_exit};
pub(super) use process::{pid_namespace, process_state};
pub use standby::{Standby, answer, start_standby};
pub use std::os::unix::process::parent_id;
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
pub(super) use stop::{Stop, stop};
#[cfg(any(name_manager_strokes, target_os = "macos", target_os = "freebsd"))]
pub(super) use strokes::{Stroke, Strokes};
#[cfg(target_os = "linux")]
pub(super) use watched::Watched;
pub use watcher::{Caller, Watcher, signal};

/// The command of a program and its arguments.
pub fn command(words: &[String]) -> std::process::Command {
    let mut command = std::process::Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// A lock can be kept by the process that has its file open as another has.
pub const LOCKS_ARE_PASSED_ON: bool = true;
