//! nextest and `cargo test` with groups, over a generated workspace.

#![cfg(unix)]

mod block;
mod cargo_test;
mod command;
mod configuration;
mod environment_page;
#[path = "../../../tests/support/executable.rs"]
mod executable;
mod groups;
mod nextest_page;
#[path = "../lend/page.rs"]
mod page;
mod remembered;
mod same_as_nextest;
mod workspace;

use workspace::Workspace;

/// The workspace of this machine, unless there is no nextest to run it.
fn workspace() -> Option<Workspace> {
    has_nextest().then(Workspace::new)
}

/// Whether it is there; the test is skipped without.
fn has_nextest() -> bool {
    let version = command::Command::cargo(&std::env::temp_dir()).args(&["nextest", "--version"]);
    match version.finish().code {
        Some(0) => true,
        _ => {
            let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
            assert!(!ci, "not to be skipped in CI: no cargo-nextest");
            eprintln!("skipped: no cargo-nextest");
            false
        }
    }
}
