//! Starting a process that outlives the one which starts it, and tells that once when it
//! stands by.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::calls::replace_output;

/// A process that was started to stand by. It goes on if this drops.
#[derive(Debug)]
pub struct Standby(Child);

impl Standby {
    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }
}

/// Starts it, and waits for its [`answer`], which is empty if it ends without one. Who lists
/// processes sees the title.
pub fn start_standby(
    command: &mut Command,
    title: &str,
    _state_dir: &Path,
    _runner: u32,
) -> io::Result<(Standby, Vec<u8>)> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .arg0(title);
    let mut child = command.spawn()?;
    let mut said = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut said)?;
    }
    Ok((Standby(child), said))
}

/// Tells who has started this process, in it, and nothing more from then on.
pub fn answer(said: &[u8]) -> io::Result<()> {
    io::stdout().write_all(said)?;
    // Its reader sees the end.
    let null = std::fs::File::options().write(true).open("/dev/null")?;
    replace_output(&null)
}
