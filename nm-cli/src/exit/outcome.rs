use std::error::Error;
use std::process::ExitCode;

/// What a subcommand's `run` returns: its exit code, or an error to print.
pub type Outcome = Result<ExitCode, Box<dyn Error + Send + Sync>>;
