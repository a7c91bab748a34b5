//! Where the user's own state lives.

use std::path::PathBuf;

/// The user's directory for state, by the environment that the process was started
/// with: a test that sets `HOME` for the code under test does not move its pools.
pub(crate) fn state_dir() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    if let Some(moved) = linux::moved() {
        return moved;
    }
    dirs::state_dir().or_else(dirs::data_local_dir)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    /// Where it was, if the process has changed the variables; `None` if it has not.
    pub(super) fn moved() -> Option<Option<PathBuf>> {
        // As the process was started: variables that it sets later are not in there.
        let first = fs::read("/proc/self/environ").ok()?;
        let first = |key: &str| {
            let variables = first.split(|byte| *byte == 0);
            let mut values = variables.filter_map(|variable| {
                let rest = variable.strip_prefix(key.as_bytes())?;
                rest.strip_prefix(b"=").map(OsStr::from_bytes)
            });
            values.next().map(Path::new)
        };
        let is_kept = |key: &str| env::var_os(key).as_deref() == first(key).map(Path::as_os_str);
        if is_kept("HOME") && is_kept("XDG_STATE_HOME") {
            return None;
        }
        // As the crate dirs finds it.
        let own = first("XDG_STATE_HOME").filter(|dir| dir.is_absolute());
        let in_home = || first("HOME").map(|home| home.join(".local/state"));
        Some(own.map(Path::to_owned).or_else(in_home))
    }
}
