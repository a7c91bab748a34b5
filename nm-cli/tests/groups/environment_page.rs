//! The tests on `docs/environment.md`, with the pool that is configured there.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::command::Command;
use crate::workspace::{REPOSITORY, generated, lock_as_ours, write};
use crate::{has_nextest, page};

const PAGE: &str = "docs/environment.md";

/// It needs to be told its database.
const APP: &str = r#"
fn main() {
    let url = std::env::var("DATABASE_URL").unwrap();
    assert!(url.starts_with("postgres://localhost/db-"), "{url}");
}
"#;

/// A package with these files of tests, and the turn to use it.
fn package(name: &str, tests: &[(&str, &str)]) -> (PathBuf, File) {
    let (root, turn) = generated();
    let root = root.join(name);
    let _ = fs::remove_dir_all(root.join(".name-manager"));
    let pools = page::written_in("toml", PAGE);
    assert_eq!(pools.len(), 1, "{pools:?}");
    let manifest = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\nname-manager = {{ path = {REPOSITORY:?} }}\n\n[workspace]\n{}\n",
        pools[0]
    );
    write(&root.join("Cargo.toml"), &manifest);
    lock_as_ours(&root);
    write(&root.join("src/main.rs"), APP);
    for (name, text) in tests {
        write(&root.join(format!("tests/{name}.rs")), text);
    }
    (root, turn)
}

#[test]
fn each_test_on_the_page_works_where_the_page_says_so() {
    let code = page::written_in("rust,test_harness,no_run", PAGE);
    let [settings, starts, set_env] = &code[..] else {
        panic!("{code:?}")
    };
    // Binaries are elsewhere here; the page names the other way.
    let starts = starts.replace("\"target/debug/app\"", "env!(\"CARGO_BIN_EXE_app\")");
    let tests = [
        ("settings", settings.as_str()),
        ("starts", &starts),
        ("set_env", set_env),
    ];
    let (root, _turn) = package("environment", &tests);

    let threads = ["test", "--test", "settings", "--test", "starts"];
    Command::cargo(&root).args(&threads).finish().success();
    let refused = Command::cargo(&root).args(&["test", "--test", "set_env"]);
    let refused = refused.finish().failure(101);
    assert!(refused.stdout.contains("nextest"), "{refused}");
    // As the page says of a process that was started for this test alone.
    let exact = ["test", "--test", "set_env", "--", "--exact", "connects"];
    Command::cargo(&root).args(&exact).finish().success();
    if has_nextest() {
        let all = Command::cargo(&root).args(&["nextest", "run"]);
        let all = all.finish().success();
        assert!(all.stderr.contains("3 tests run: 3 passed"), "{all}");
    }
}

#[test]
fn cargo_and_all_that_it_starts_have_the_variables() {
    let commands = page::commands(PAGE);
    assert_eq!(commands.len(), 1, "{commands:?}");
    let test = format!("#[test]\nfn is_told() {{ main() }}\n{APP}");
    let (root, _turn) = package("environment-run", &[("is_told", &test)]);
    let said = Command::shell(&root, &commands[0].0).finish().success();
    assert!(said.stdout.contains("test is_told ... ok"), "{said}");
}
