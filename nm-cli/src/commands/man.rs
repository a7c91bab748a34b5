use std::process::ExitCode;

use clap_mangen::Man;

use crate::exit::{Failure, Outcome, code};
use crate::screen::stdout;

/// Prints the manual page of the program or of a subcommand, for `| man -l -`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The subcommand [default: the whole program]
    subcommand: Option<String>,
}

pub fn run(args: Args, mut command: clap::Command) -> Outcome {
    command.build();
    let page = match &args.subcommand {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                return Err(Failure::new(
                    code::USAGE,
                    format!("no subcommand `{name}`; see `name-manager --help`"),
                )
                .into());
            }
        },
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    stdout::answer(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}
