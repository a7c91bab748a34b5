//! Workspaces whose `serial_test` is ours.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::command::Command;
use crate::history::History;
use crate::project::{Project, workspace};

pub static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let project = Project::new(
        "serial",
        &[
            ("Cargo.toml", workspace(&["app", "old", "older"])),
            ("app/Cargo.toml", package("app", "2024")),
            ("app/src/lib.rs", EXAMPLE.to_owned()),
            (
                "app/tests/see/mod.rs",
                include_str!("crates/see.rs").to_owned(),
            ),
            (
                "app/tests/keys.rs",
                include_str!("crates/keys.rs").to_owned(),
            ),
            (
                "app/tests/others.rs",
                include_str!("crates/others.rs").to_owned(),
            ),
            ("old/Cargo.toml", package("old", "2018")),
            ("old/src/lib.rs", String::new()),
            ("old/tests/old.rs", include_str!("crates/old.rs").to_owned()),
            ("older/Cargo.toml", package("older", "2015")),
            ("older/src/lib.rs", String::new()),
            (
                "older/tests/old.rs",
                include_str!("crates/old.rs").to_owned(),
            ),
        ],
    );
    let _ = fs::remove_dir_all(state());
    project
});

const EXAMPLE: &str = r#"//! ```
//! #[serial_test::file_serial(example)]
//! fn main() {
//!     assert!(serial_test::is_locked_file_serially(Some("example"), None));
//! }
//! ```
"#;

fn package(name: &str, edition: &str) -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "{edition}"
publish = false

[dev-dependencies]
serial_test = {{ package = "nm-serial-test", path = "{here}/nm-serial-test", default-features = false, features = ["async", "file_locks", "logging", "test_logging"] }}
rstest = {{ version = "*", default-features = false }}
test-case = "*"
tokio = {{ version = "*", default-features = false, features = ["macros", "rt-multi-thread"] }}
"#
    )
}

/// Where the user's state lives.
pub fn state() -> PathBuf {
    crate::place::base().join("serial-user")
}

pub fn cargo_test(target: &str, module: &str, threads: u32) -> Command {
    let threads = format!("--test-threads={threads}");
    cargo(&[
        "test", "-p", "app", "--test", target, "--", module, &threads,
    ])
}

pub fn cargo(args: &[&str]) -> Command {
    PROJECT.cargo(args).env("XDG_STATE_HOME", state())
}

/// One test of `others.rs`, in a process of its own.
pub fn alone(test: &str) -> Command {
    let binary = PROJECT.binary("app", "tests/others.rs");
    Command::new(binary, &PROJECT.path("app"))
        .args(&["--exact", test])
        .env("XDG_STATE_HOME", state())
}

/// What happened to a key of `file_serial`.
pub fn across(pool: &str) -> History {
    History::read(&state().join("name-manager/pools").join(pool))
}
