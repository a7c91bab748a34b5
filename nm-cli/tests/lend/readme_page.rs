//! The pool that the README configures, and the commands that it shows.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::lab::Lab;
use crate::page;

#[test]
fn the_commands_answer_as_the_readme_says() {
    let lab = Lab::new();
    let configured = page::written_in("toml", "README.md").into_iter();
    let pool = configured.filter(|block| block.contains("pools.db]"));
    let manifest = pool.fold("[workspace]\n".to_owned(), |all, pool| all + &pool);
    fs::write(lab.path().join("Cargo.toml"), manifest).unwrap();
    // Its hook.
    let truncate = lab.path().join("truncate");
    fs::write(&truncate, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&truncate, fs::Permissions::from_mode(0o755)).unwrap();

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
