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
/// this drops and the process has ended that watches over the hook.
pub(crate) trait HookLock: fmt::Debug + Send {
    /// For the process that watches over the hook, and no other: the locked file, and the path
    /// of one that it can lock where it cannot have this lock.
    fn pass_on(&self) -> io::Result<(File, PathBuf)>;
}
