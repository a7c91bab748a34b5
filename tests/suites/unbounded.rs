//! People are told of a limit that was forgotten.

use std::sync::LazyLock;

use crate::command::Command;
use crate::project::{Project, alone};

/// With one pool that has an environment.
static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let manifest = format!(
        "{}\n[package.metadata.name-manager.pools.described]\nenv = {{ URL = \"http://{{name}}\" }}\n",
        alone("unbounded")
    );
    let tests = include_str!("crates/unbounded.rs").to_owned();
    Project::new(
        "unbounded",
        &[
            ("Cargo.toml", manifest),
            ("src/lib.rs", String::new()),
            ("tests/unbounded.rs", tests),
        ],
    )
});

fn cargo_test(module: &str) -> Command {
    PROJECT.cargo(&["test", "--test", "unbounded", "--", module])
}

#[test]
fn a_test_that_keeps_none_waiting_says_so_once() {
    let said = cargo_test("forgotten::").finish().success();
    let warnings: Vec<_> = said
        .stderr
        .lines()
        .filter(|it| it.contains("unbounded:"))
        .collect();
    let [warning] = warnings.as_slice() else {
        panic!("{said}");
    };
    let start = "name-manager: tests/unbounded.rs:";
    let rest = ": this `#[shared_resource]` keeps no test waiting, since pool `global` is unbounded: write `max = 1` here or under [workspace.metadata.name-manager.pools.global] in Cargo.toml; or take a name as a parameter, `global: Lease`";
    let line = warning
        .strip_prefix(start)
        .and_then(|it| it.strip_suffix(rest));
    assert!(["8", "12"].contains(&line.unwrap_or(warning)), "{said}");

    let said = cargo_test("readers::").finish().success();
    said.says(&[
        "unbounded.rs:20: ",
        "pool `read-only` is unbounded",
        "`read_only: Lease`",
    ]);
}

#[test]
fn a_limit_may_come_from_anywhere() {
    let limited = cargo_test("forgotten::").env("NAME_MANAGER_POOL_GLOBAL_MAX", "1");
    let limited = limited.finish().success();
    let warning = "keeps no test waiting";
    assert!(!limited.stderr.contains(warning), "{limited}");
}

#[test]
fn what_is_of_use_without_a_limit_is_no_mistake() {
    let of_use = cargo_test("of_use::").finish().success();
    let of_use = of_use.says(&["9 passed"]);
    let warning = "keeps no test waiting";
    assert!(!of_use.stderr.contains(warning), "{of_use}");
}
