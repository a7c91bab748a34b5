//! Programs and scripts that a test writes and then starts.

use std::io::{Read, copy};
use std::path::Path;

/// Writes one, by another process: none can be started that any process has open for
/// writing, as a child of another test, just forked, would have what this process writes.
#[cfg(unix)]
pub fn write(path: &Path, mut content: impl Read) {
    let mut shell = std::process::Command::new("sh")
        .args(["-c", r#"cat >"$0" && chmod 755 "$0""#])
        .arg(path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    copy(&mut content, &mut shell.stdin.take().unwrap()).unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}

/// Writes one: no child gets a file that it is not given.
#[cfg(windows)]
pub fn write(path: &Path, mut content: impl Read) {
    copy(&mut content, &mut std::fs::File::create(path).unwrap()).unwrap();
}
