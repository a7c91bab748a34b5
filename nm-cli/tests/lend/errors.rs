//! Errors say their cause once.

use std::fs;

use crate::lab::Lab;

#[test]
fn a_space_without_a_server_is_not_passed_over() {
    let lab = Lab::new();
    let dir = lab.path();
    let pool = "[pools.db]\nmax = 1\nspace = \"acme/shop\"\n";
    fs::write(dir.join("name-manager.toml"), pool).unwrap();
    let mut command = lab.cli(&["run", "db", "--", "true"]);
    command.env_remove("NAME_MANAGER_DIR").current_dir(dir);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "name-manager.toml:3:1: pool `db` has a `space`, which only a pool with `scope = \"server\"` has";
    assert!(said.contains(expected), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

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
