//! Somebody else on the same machine, where the tests run as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::executable;
use super::process::Start;

/// `nobody`, of `nogroup`.
pub const ID: u32 = 65534;

const THROUGH: [&str; 4] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

/// A command that somebody else runs; nothing where that cannot be.
pub fn command(program: &str) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let as_other = |program: &str| {
        let mut command = Command::new(THROUGH[0]);
        command.args(&THROUGH[1..]).arg(program);
        command
    };
    let works = as_other("true").status();
    works
        .is_ok_and(|status| status.success())
        .then(|| as_other(program))
}

/// An actor that root's rights do not help: somebody else when we are root. Opens
/// the test's directory to others, and puts a copy of the program there.
pub fn powerless(dir: &Path) -> Option<Start> {
    if !rustix::process::geteuid().is_root() {
        return Some(Start::default());
    }
    command("true")?;
    // Others must reach the program, which may stand in somebody's home.
    let program = dir.join("actor-program");
    let own = std::env::current_exe().unwrap();
    executable::write(&program, fs::File::open(own).unwrap());
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    Some(Start {
        through: THROUGH.map(str::to_owned).to_vec(),
        program: Some(program),
        ..Start::default()
    })
}
