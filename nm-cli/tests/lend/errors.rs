//! Errors say their cause once.

use std::fs;

use crate::lab::Lab;

#[test]
fn an_unusable_state_directory_is_explained_once() {
    let lab = Lab::new();
    let file = lab.path().join("a-file");
    fs::write(&file, "").unwrap();
    let dir = file.join("state");
    let said = lab.run(&["run", "db", "--dir", dir.to_str().unwrap(), "--", "true"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(said.err.matches("os error").count(), 1, "{said:?}");
}
