//! Containers: processes with a pid namespace of their own, and a `/proc` that shows it,
//! that share all else with the others.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use torture::history::{Event, Writer, process};

use crate::child::{self, Gone};
use crate::result::Result;

/// A command that is the first process of a container.
pub fn first(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    if *HAS_USERS {
        command.args(USERS);
    }
    command
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(program);
    command
}

/// A user namespace, as containers have; and without it all else needs root.
const USERS: [&str; 2] = ["--user", "--map-root-user"];

/// Whether there can be user namespaces.
static HAS_USERS: LazyLock<bool> = LazyLock::new(|| {
    let mut command = Command::new("unshare");
    let made = command
        .args(USERS)
        .arg("true")
        .stdin(Stdio::null())
        .output();
    made.is_ok_and(|made| made.status.success())
});

/// Whether there can be any. Says why not; where everything must be there (`CI=true`)
/// that is an error.
pub fn can_be_made() -> Result<bool> {
    let made = first(Path::new("true")).stdin(Stdio::null()).output();
    let why = match made {
        Ok(made) if made.status.success() => return Ok(true),
        Ok(made) => String::from_utf8_lossy(&made.stderr).trim().to_owned(),
        Err(error) => format!("failed to run `unshare`: {error}"),
    };
    if env::var_os("CI").is_some_and(|ci| ci == "true") {
        return Err(format!("containers are not to be skipped in CI: {why}").into());
    }
    println!("skipped: containers: {why}");
    Ok(false)
}

/// The first process of a container: starts the runner with this job, and waits for all
/// that are left to it. With it, all of them end.
pub fn run(job: &[&str]) -> Result<()> {
    let dir: PathBuf = env::var("TORTURE_DIR")?.into();
    let writer = Writer::create(&dir.join("histories"), "init")?;
    let mut runner = Command::new(dir.join("cargo"));
    child::spawn(runner.arg("runner").args(job))?;
    loop {
        match child::next_gone()? {
            Gone::All => return Ok(()),
            Gone::One(id) => writer.write(0, Event::Gone(process(id))),
            Gone::None => thread::sleep(Duration::from_millis(1)),
        }
    }
}
