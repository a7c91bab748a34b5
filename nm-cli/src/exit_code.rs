//! What the exit codes mean. Every code that is not listed is the command's own.

use std::process::ExitCode;

/// Something failed: a message on standard error says what.
pub const FAILURE: u8 = 1;
/// The command line is wrong. (clap's own)
#[allow(dead_code, reason = "clap exits with it; listed for the reader")]
pub const USAGE: u8 = 2;

/// The code of an error that has been printed.
pub fn of(_error: &(dyn std::error::Error + 'static)) -> ExitCode {
    ExitCode::from(FAILURE)
}
