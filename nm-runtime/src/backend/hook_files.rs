//! What a hook that is a command has of its own beside the pool.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// The files of one name's hooks, or of the pool's own, while one of them runs.
#[derive(Debug)]
pub(crate) struct HookFiles {
    /// No other hook of this name runs meanwhile.
    pub(crate) lock: Box<dyn HookLock>,
    /// Takes what hooks print, at its end; can be read.
    pub(crate) log: File,
    pub(crate) log_path: PathBuf,
}

/// Keeps the hooks of a name apart, beyond the end of the process that has called one: until
/// this drops and each process has ended that has its descriptor open.
pub(crate) trait HookLock: fmt::Debug + Send {
    /// To be inherited by the process that watches over the hook, and by no other.
    #[cfg_attr(windows, allow(dead_code, reason = "nobody watches over hooks there"))]
    fn descriptor(&self) -> io::Result<File>;
}
