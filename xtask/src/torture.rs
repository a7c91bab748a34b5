//! Builds the workspace `torture`, whose engine has failpoints, and runs it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::result::Result;

pub fn run(args: &[&str]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = || Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    let target = target()?;
    // `torture/.cargo` says how, so it must be the current directory; and a
    // variable would say otherwise.
    let torture = target.join("torture");
    succeed(
        cargo()
            .args(["build", "--quiet", "--workspace"])
            .current_dir(root.join("torture"))
            .env("CARGO_TARGET_DIR", &torture)
            .env_remove("RUSTFLAGS"),
    )?;
    let mut run = Command::new(torture.join("debug/torture"));
    run.args(args).env("TORTURE_SOURCES", &root);
    if let Some(&"kills") = args.first() {
        let build = ["build", "--quiet", "--package", "nm-cli"];
        succeed(
            cargo()
                .args(build)
                .current_dir(&root)
                .env("CARGO_TARGET_DIR", &target),
        )?;
        run.arg("--cli").arg(target.join("debug/name-manager"));
    }
    succeed(&mut run)
}

/// Where this program was built.
fn target() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    Ok(target
        .ok_or("this program stands in no target directory")?
        .to_owned())
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?} ended with {status}").into()),
    }
}
