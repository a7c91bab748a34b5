//! The pool that the README configures, and the commands that it shows.

use std::fs;

use crate::lab::Lab;
use crate::{executable, page};

#[test]
fn the_commands_answer_as_the_readme_says() {
    let lab = Lab::new();
    let configured = page::written_in("toml", "README.md").into_iter();
    let pool = configured.filter(|block| block.contains("pools.db]"));
    let manifest = pool.fold("[workspace]\n".to_owned(), |all, pool| all + &pool);
    fs::write(lab.path().join("Cargo.toml"), manifest).unwrap();
    // Its hook.
    executable::write(&lab.path().join("truncate"), b"#!/bin/sh\n".as_slice());

    // Tests have had both names before.
    lab.run(&["run", "db", "--count", "2", "--", "true"])
        .answer();
    let commands = page::commands("README.md");
    assert!(commands.len() >= 2, "{commands:?}");
    for (command, answer) in commands {
        let shell = lab.shell("sh", &command);
        assert_eq!(shell.answer(), answer, "{command}");
    }
}
