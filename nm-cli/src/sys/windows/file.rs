//! Files and directories for their user alone.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use nm_runtime::windows;

/// What is in the state directory has its access list.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes a directory in the state directory, where it is missing, and those above it.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// A new file, wherever it is, for its user alone.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    windows::create_private_file(path)
}

/// Moves a file over another.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    windows::rename(from, to)
}

/// Each thing says for itself whom it is for.
pub fn keep_private() {}
