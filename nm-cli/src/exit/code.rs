//! What the exit codes mean. Every code of `run` that is not listed is the
//! command's own; ours stay clear of what commands like to exit with.

use std::error::Error;

use crate::exit::failure::{Failure, chain};

/// Something failed: a message on standard error says what.
pub const FAILURE: u8 = 1;
/// The command line or the configuration is wrong. clap exits with it too.
pub const USAGE: u8 = 2;
/// There is no such pool, name or lease (as `EX_UNAVAILABLE`).
pub const UNKNOWN: u8 = 69;
/// Something that runs have made is left, and could not be cleaned up.
pub const LEFT: u8 = 70;
/// The names are in use, and the command does not wait (`EX_TEMPFAIL`).
pub const IN_USE: u8 = 75;
/// The lease ended before it was released: others may have used the name meanwhile.
pub const LOST: u8 = 76;
/// The lease belongs to another owner (`EX_NOPERM`).
pub const NOT_OWNER: u8 = 77;
/// The time to wait passed, as with timeout(1).
pub const TIMED_OUT: u8 = 124;
/// The command was found but could not be run, as in shells.
pub const NOT_RUNNABLE: u8 = 126;
/// There is no such command, as in shells.
pub const NOT_FOUND: u8 = 127;

/// For `--help`.
pub const HELP: &str = "\
Exit codes:
  0    success
  1    failed; standard error says why
  2    the command line or the configuration is wrong
  69   no such pool, name or lease
  70   something is left of a run (wait, reset), or of one that succeeded (test, nextest, run)
  75   in use (try-acquire, try-hold, reset)
  76   the lease was lost before it was released (release, keep-alive, run, hold)
  77   the lease belongs to another owner (release, keep-alive)
  124  timed out waiting
  126  run: the command cannot be run
  127  run: command not found
  any other code of `run` is the command's own, or 128 + n if signal n ended it

State lives in `.name-manager` beside the name-manager.toml or in the Cargo workspace of
the current directory or, without either, in the user's own directory; --dir, --scope,
NAME_MANAGER_DIR and NAME_MANAGER_SCOPE override this.";

/// The code of an error.
pub fn of(error: &(dyn Error + 'static)) -> u8 {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code();
    }
    match error.downcast_ref::<nm_runtime::Error>() {
        Some(error) if error.is_timeout() => TIMED_OUT,
        Some(error) if error.is_config() => USAGE,
        Some(error) if error.is_lost() => LOST,
        _ => FAILURE,
    }
}

/// An error of the library, with our exit code.
impl From<nm_runtime::Error> for Failure {
    fn from(error: nm_runtime::Error) -> Self {
        Self::new(of(&error), chain(&error))
    }
}
