//! Builds the workspace `torture`, whose engine has failpoints, and runs it.

use std::path::Path;
use std::process::Command;

use crate::build;
use crate::result::Result;

pub fn run(args: &[&str]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = build::target()?;
    // `torture/.cargo` says how, so it must be the current directory; and a
    // variable would say otherwise.
    let torture = target.join("torture");
    build::succeed(
        build::cargo()
            .args(["build", "--quiet", "--workspace"])
            .current_dir(root.join("torture"))
            .env("CARGO_TARGET_DIR", &torture)
            .env_remove("RUSTFLAGS"),
    )?;
    let mut run = Command::new(torture.join("debug/torture"));
    run.args(args).env("TORTURE_SOURCES", &root);
    if let Some(&"kills" | &"machines") = args.first() {
        build::command_line(&root, &target)?;
        run.arg("--cli").arg(target.join("debug/name-manager"));
    }
    build::succeed(&mut run)
}
