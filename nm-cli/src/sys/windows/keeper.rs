//! A process that is left behind by the one that starts it, and hears from that at first.

use std::io::{self, PipeReader, PipeWriter};
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::process::{Command, ExitStatus};

use nm_runtime::windows::{self, OpenProcess};

/// Such a process, seen from the one that has started it.
#[derive(Debug)]
pub struct KeeperProcess {
    process: OpenProcess,
    pub stdin: PipeWriter,
    pub stdout: PipeReader,
}

impl KeeperProcess {
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait()
    }
}

/// Starts it. It has the name of its file.
pub fn start_keeper(command: Command, _name: &str) -> io::Result<KeeperProcess> {
    let (input, stdin) = io::pipe()?;
    let (stdout, output) = io::pipe()?;
    let stderr = io::stderr();
    // A process without a console may have none.
    let error = (!stderr.as_raw_handle().is_null()).then(|| stderr.as_handle());
    let streams = [Some(input.as_handle()), Some(output.as_handle()), error];
    Ok(KeeperProcess {
        process: windows::start_apart(&command, streams)?,
        stdin,
        stdout,
    })
}

/// In it: nothing was inherited.
pub fn leave_caller() {}

/// In it: is heard no more from here on, and in nobody's way.
pub fn stand_alone() -> io::Result<()> {
    windows::leave();
    // A directory that a process is in cannot be removed.
    std::env::set_current_dir("/")
}
