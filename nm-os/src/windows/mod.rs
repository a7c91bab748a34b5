//! Windows.

#[cfg(feature = "tools")]
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod console;
mod dir;
mod file;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod file_info;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod generations;
mod group;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod job;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod lock;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod owner;
#[cfg(feature = "tools")]
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod pipe;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod process;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod spawn;
mod standby;
#[cfg(feature = "tools")]
pub mod tools;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod wait;
mod watched;
#[allow(unsafe_code, reason = "system calls are unsafe")]
mod watcher;
mod wide;

pub use dir::Dir;
#[cfg(any(test, feature = "tools"))]
pub use file::opened;
pub use file::{
    Appender, open_regular, path_names, read_at, remove, rename, still_linked, write_at_start,
    write_private,
};
#[cfg(feature = "tools")]
pub use file::{device, file_id};
pub(super) use generations::Generations;
pub use group::{Group, kill_orphaned_group};
pub use lock::{change_lock, lock, try_lock, unlock};
pub use owner::is_current_user;
pub use process::{ancestor, parent_id, wait_for_exit};
pub(super) use process::{pid_namespace, process_state};
pub use standby::{Standby, answer, start_standby};
pub(super) use watched::{Stop, Watched, stop};
pub use watcher::{Caller, Watcher, signal};

/// The command of a program and its arguments.
pub fn command(words: &[String]) -> std::process::Command {
    use std::os::windows::process::CommandExt;

    let mut command = std::process::Command::new(&words[0]);
    match words {
        // This shell does not take its line apart as programs do: with `/s` it is what is
        // between the first quote and the last.
        [shell, d, s, c, line @ ..] if shell == "cmd" && s == "/s" && c == "/c" => {
            let line = line.join(" ");
            command.args([d, s, c]).raw_arg(format!("\"{line}\""));
        }
        _ => {
            command.args(&words[1..]);
        }
    }
    command
}

/// A lock is of the process that has taken it, and of no other that has its file open.
pub const LOCKS_ARE_PASSED_ON: bool = false;

use std::io;
use std::path::PathBuf;

/// This program. Windows replaces the file of no program that runs.
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// It was started detached.
pub fn detach() -> io::Result<()> {
    Ok(())
}

/// Never: nothing that is told later would be told.
pub fn at_exit(_last: extern "C" fn()) -> bool {
    false
}

/// Handles are as many as there is memory for.
pub fn is_descriptor_shortage(_error: &io::Error) -> bool {
    false
}

/// A process is called what its file is called.
pub fn name_process(_name: &str) {}
