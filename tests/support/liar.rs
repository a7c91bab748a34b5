//! Wrong clocks.

use std::fs;
use std::path::PathBuf;

/// What lies about the time to whoever loads it by `LD_PRELOAD`, if it is there: libfaketime.
pub fn library() -> Option<PathBuf> {
    let libraries = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut places = libraries.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    places.find(|path| path.is_file())
}
