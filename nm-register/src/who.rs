use serde::{Deserialize, Serialize};

/// A holder or a waiter, as people see it. Explains; never decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Who {
    /// Its machine.
    pub host: String,
    /// The test's path, the thread's name, or the command.
    pub test: String,
    /// Its process there.
    pub pid: u32,
    /// The pid namespace there; `None` if unknown.
    pub pid_namespace: Option<u64>,
    /// Its thread there: what a thread holds and what it waits for belong together.
    pub token: String,
    /// Its run.
    pub run: String,
    /// The source file of the request; empty for a command.
    pub file: String,
    /// The line of the request.
    pub line: u32,
    /// When it was granted, in microseconds since 1970, by the clock of who wrote it down.
    pub since: u64,
}
