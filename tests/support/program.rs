//! The command `name-manager`, built for tests that start it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::command::Command;
use crate::place;

/// Where it is. Built once for all of them, beside the generated workspaces.
pub fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let build = ["build", "--package", "nm-cli", "--bin", "name-manager"];
        Command::cargo(here).args(&build).finish().success();
        place::target().join("debug/name-manager")
    });
    &PROGRAM
}
