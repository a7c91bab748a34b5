//! Process ids mean something within one pid namespace alone: each container has its own.

use std::sync::LazyLock;

use crate::process_state::ProcessState;
#[cfg(unix)]
use crate::unix as system;
#[cfg(windows)]
use crate::windows as system;

/// The pid namespace of this process; 0 on systems that have one for all. `None` if
/// unknown. Costs a system call the first time.
pub fn pid_namespace() -> Option<u64> {
    static OURS: LazyLock<Option<u64>> = LazyLock::new(system::pid_namespace);
    *OURS
}

/// How the process with this id in this pid namespace is.
pub fn process_state(pid: u32, namespace: Option<u64>) -> ProcessState {
    match (namespace, pid_namespace()) {
        (Some(theirs), Some(ours)) if theirs == ours => system::process_state(pid),
        (Some(_), Some(_)) => ProcessState::Elsewhere,
        _ => ProcessState::Unknown,
    }
}
