use std::process::ExitCode;

use crate::exit::{Outcome, code};
use crate::screen::finding::{Findings, Level};
use crate::server::{self, address};

/// Says whether this machine can use the server's pools, one line for each fact
///
/// Whether it answers and is trusted, its version and tables, this user's rights, whether it is
/// a primary, its connections, the machines that use it, and their pools. Changes nothing. Exits
/// with 1 if it finds a problem.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> Outcome {
    let mut findings = Findings::default();
    server::look(&mut findings, address()?);
    Ok(match findings.answer(args.json)? {
        Level::Problem => ExitCode::from(code::FAILURE),
        _ => ExitCode::SUCCESS,
    })
}
