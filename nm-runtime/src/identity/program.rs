//! The program of this process, for starting it again.

use std::io;
use std::path::PathBuf;
use std::process::Command;

pub(crate) use nm_os::{Standby, start_standby};

/// The running one, even if its file was replaced by a newer build.
pub(crate) fn own() -> io::Result<PathBuf> {
    nm_os::own_program()
}

/// Starts it again. Its arguments are not as usual where it is emulated.
pub(crate) fn command() -> io::Result<Command> {
    #[cfg(target_os = "linux")]
    if let Some((emulator, program)) = nm_os::emulator() {
        let mut command = Command::new(emulator);
        command.arg(program);
        return Ok(command);
    }
    own().map(Command::new)
}
