//! Reads what others may have put in a file's place.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

#[cfg(unix)]
use crate::unix::open_regular;
#[cfg(windows)]
use crate::windows::open_regular;

/// Reads a whole file. Refuses anything but a regular file: reading a FIFO would
/// block, and a device may never end.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Lists a directory.
pub fn list(path: &Path) -> io::Result<fs::ReadDir> {
    loop {
        match fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
