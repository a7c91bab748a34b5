//! The machines' ideas of the day, which decide nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::liar;

/// Those of machines 1 to 4, as libfaketime takes them: the truth, decades off, and of another rate.
const DAYS: [&str; 4] = ["+0", "-20y", "+70y x2", "+0 x0.5"];

/// What is started by this has the clock of that machine; the one that never jumps is left alone.
pub fn set(command: &mut Command, machine: usize) {
    if let Some(library) = liar::library() {
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME", DAYS[(machine - 1) % DAYS.len()])
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

/// Removes what that library keeps for each process, and leaves behind when that is killed.
pub fn sweep() {
    let entries = fs::read_dir("/dev/shm").into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let of = name.to_str().and_then(|name| {
            let prefixes = ["faketime_shm_", "sem.faketime_sem_"];
            prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))
        });
        if of.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Somebody else may have done so.
            let _ = fs::remove_file(entry.path());
        }
    }
}
