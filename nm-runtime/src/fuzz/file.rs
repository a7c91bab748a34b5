use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};

/// A file with these bytes, read from its beginning. One per thread: the bytes before
/// are gone.
pub(crate) fn file(bytes: &[u8]) -> File {
    thread_local! {
        static FILE: File = made();
    }
    FILE.with(|mut file| {
        file.set_len(0).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.try_clone().unwrap()
    })
}

fn made() -> File {
    let thread = std::thread::current().id();
    let name = format!("name-manager-fuzz-{}-{thread:?}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut options = File::options();
    let options = options.read(true).write(true).create_new(true);
    let file = options.open(&path).unwrap();
    // It has no name while it is used, and so is gone with the process.
    fs::remove_file(&path).unwrap();
    file
}
