//! Programs that chores build and run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::result::Result;

pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
}

/// Builds `name-manager`, as `debug/name-manager` in that target directory.
pub fn command_line(root: &Path, target: &Path) -> Result<()> {
    let build = ["build", "--quiet", "--package", "nm-cli"];
    succeed(
        cargo()
            .args(build)
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target),
    )
}

/// Where this program was built.
pub fn target() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    Ok(target
        .ok_or("this program stands in no target directory")?
        .to_owned())
}

pub fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?} ended with {status}").into()),
    }
}
