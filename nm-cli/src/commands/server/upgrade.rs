use std::process::ExitCode;

use crate::exit::Outcome;
use crate::screen::stdout;
use crate::server::{Answer, address};

/// Brings the tables of an older version up to date
///
/// There is one version as yet, so it only says whether the server has it. Tables of a newer one
/// are left alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the statements for psql and connect to no server
    #[arg(long)]
    print: bool,
}

pub fn run(args: Args) -> Outcome {
    if args.print {
        stdout::answer("-- Nothing to do: there is no older version than 1.\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = address()?;
    let shown = address.to_string();
    let server = Answer::from(address)?;
    server.to(server.connection().check_tables())?;
    stdout::answer(&format!(
        "up to date: the tables in {shown} have version 1\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
