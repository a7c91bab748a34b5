use std::process::ExitCode;

use clap_complete::Shell;

use crate::exit::Outcome;
use crate::screen::stdout;

/// Prints completions for a shell, to be sourced or installed
#[derive(Debug, clap::Args)]
pub struct Args {
    shell: Shell,
}

pub fn run(args: Args, mut command: clap::Command) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "name-manager", &mut text);
    stdout::answer(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}
