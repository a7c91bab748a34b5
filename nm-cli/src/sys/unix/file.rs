//! Files and directories for their user alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::Mode;

/// What this opens and is new is for its user alone.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes a directory for its user alone, where it is missing, and those above it.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// A new file, wherever it is, for its user alone.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Moves a file over another.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// From here on all that this process makes is for its user alone: a socket has no mode of its
/// own; and the next file may forget to.
pub fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}
