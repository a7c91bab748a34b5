//! Which process a lease of `acquire` belongs to: the script that called.
//!
//! That is seldom our parent. The rule, from the parent upwards:
//! - a subshell (`$(..)`, `( .. )`, a part of a pipe) stands for the shell that it
//!   is a copy of;
//! - a shell whose `-c` text is only this one command stands for its parent: some
//!   shells replace themselves by such a command, some do not;
//! - a wrapper that ends with its command (`timeout`, `sudo`, ..) stands for its
//!   parent.
//!
//! Everything else, a script, an interactive shell, `make`, a Python program, is the
//! owner.

use std::env;
use std::ffi::{OsStr, OsString};

use nm_runtime::caller::CallerRun;
use serde::{Deserialize, Serialize};

use crate::process::proc::Process;
use crate::screen::label;
use crate::sys;

const SHELLS: [&str; 13] = [
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "mksh",
    "ash",
    "busybox",
    "fish",
    "yash",
    "cmd",
    "powershell",
    "pwsh",
];
const WRAPPERS: [&str; 8] = [
    "timeout",
    "time",
    "sudo",
    "doas",
    "xargs",
    "cargo",
    // Where a process cannot become another program.
    "cargo-name-manager",
    "strace",
];

/// A process that leases belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// 0 if it is outside of this container: whether it has ended cannot be seen then.
    pub pid: u32,
    /// 0 where the system does not report it.
    pub started: u64,
}

impl Session {
    /// That of this process.
    pub fn current() -> Self {
        let parent = sys::parent_id();
        let mut found = match Process::look_up(parent) {
            Some(process) => process,
            None => {
                return Self {
                    pid: parent,
                    started: 0,
                };
            }
        };
        while let Some(above) = stands_for(&found) {
            found = above;
        }
        Self::of(found)
    }

    /// That of the process with this id, if there is one.
    pub fn at(pid: u32) -> Option<Self> {
        match Process::look_up(pid) {
            None if pid == 0 => Some(Self { pid, started: 0 }),
            Some(process) => Some(Self::of(process)),
            None => sys::is_alive(pid).then_some(Self { pid, started: 0 }),
        }
    }

    fn of(process: Process) -> Self {
        Self {
            pid: process.pid,
            started: process.started,
        }
    }

    pub fn is_outside(&self) -> bool {
        self.pid == 0
    }

    /// As people see it.
    pub fn label(&self) -> String {
        let words = Process::look_up(self.pid).map(|process| process.arguments());
        let words = words.unwrap_or_default();
        match label::of(words.iter().map(OsString::as_os_str)) {
            _ if self.is_outside() => "a process outside of this container".to_owned(),
            label if label.is_empty() => format!("process {}", self.pid),
            label => label,
        }
    }

    /// The run that its leases belong to, unless it is told one: it lasts as long.
    pub fn run(&self) -> CallerRun {
        CallerRun {
            id: format!("shell-{}-{}", self.pid, self.started),
            pid: self.pid,
            started: self.started,
        }
    }

    /// Whether this process belongs to it.
    pub fn contains(&self, pid: u32) -> bool {
        let process = Process::look_up(pid);
        process.is_some_and(|process| process.is_within(self.pid, self.started))
    }
}

/// The process above, if this one merely stands for it.
fn stands_for(process: &Process) -> Option<Process> {
    let name = name(process);
    let is_shell = SHELLS.contains(&name.as_str());
    let above = Process::look_up(process.parent)?;
    if is_shell && process.is_copy {
        // Not if its shell has ended and another process has adopted it.
        return (above.executable() == process.executable()).then_some(above);
    }
    let passes = WRAPPERS.contains(&name.as_str()) || (is_shell && only_calls_us(process, &name));
    // An orphan, adopted by the first process, stands for nothing above it.
    (passes && above.pid > 1).then_some(above)
}

fn name(process: &Process) -> String {
    let first = process.arguments().into_iter().next();
    let path = process.executable().or_else(|| first.map(Into::into));
    let name = path.as_deref().and_then(|path| path.file_name());
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    match env::consts::EXE_SUFFIX {
        "" => name,
        // Where capitals and small letters are the same.
        suffix => name
            .to_ascii_lowercase()
            .trim_end_matches(suffix)
            .to_owned(),
    }
}

/// Shells whose command is all that follows.
const SHELLS_OF_WINDOWS: [&str; 3] = ["cmd", "powershell", "pwsh"];

fn only_calls_us(shell: &Process, name: &str) -> bool {
    let mut words = shell.arguments().into_iter().skip(1);
    if SHELLS_OF_WINDOWS.contains(&name) {
        let is_command = |word: &OsString| {
            let word = word.to_string_lossy().to_ascii_lowercase();
            ["/c", "-c", "-command"].contains(&&*word)
        };
        let is_flag = |word: &OsString| word.to_string_lossy().starts_with(['/', '-']);
        return match words.find(|word| !is_flag(word) || is_command(word)) {
            Some(word) if is_command(&word) => {
                let words: Vec<_> = words.collect();
                is_one_call(&words.join(OsStr::new(" ")))
            }
            _ => false,
        };
    }
    let is_flags = |word: &OsString| word.to_str().is_some_and(|word| word.starts_with('-'));
    while let Some(word) = words.next().filter(is_flags) {
        let flags = word.to_string_lossy();
        if !flags.starts_with("--") && flags.ends_with('c') {
            return words.next().is_some_and(|text| is_one_call(&text));
        }
    }
    false
}

/// Whether a shell's command is one call of ours and nothing else.
fn is_one_call(text: &OsStr) -> bool {
    let text = text.to_string_lossy();
    let text = text.trim();
    if text.contains([';', '&', '|', '\n', '(', '{', '`']) {
        return false;
    }
    let words = text
        .split_ascii_whitespace()
        .map(|word| word.trim_matches(['"', '\'']));
    let mut words = words.skip_while(|word| *word == "exec");
    let program = words.next().unwrap_or_default();
    let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let program = program.trim_end_matches(env::consts::EXE_SUFFIX);
    ["name-manager", "cargo-name-manager"].contains(&program)
        || (program == "cargo" && words.next() == Some("name-manager"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_call_and_nothing_else_is_one_call() {
        for one in [
            "name-manager acquire db",
            " exec '/usr/bin/name-manager' acquire db >name",
            "cargo name-manager acquire db",
        ] {
            assert!(is_one_call(OsStr::new(one)), "{one}");
        }
        for more in [
            "name-manager acquire db; ./test",
            "db=$(name-manager acquire db) && ./test",
            "name-manager acquire db | xargs ./test",
            "cargo test",
            "./test",
            "",
        ] {
            assert!(!is_one_call(OsStr::new(more)), "{more}");
        }
    }
}
