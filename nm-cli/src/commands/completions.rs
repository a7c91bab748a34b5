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
    let text = String::from_utf8_lossy(&text);
    // For bash, clap_complete writes a name with a dash in two ways, and then finds no
    // subcommand.
    let text = text.replace("name__subcmd__manager", "name__manager");
    stdout::answer(&text)?;
    Ok(ExitCode::SUCCESS)
}
