use std::io::Write;
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
    let usage = page.clone().render_usage().to_string();
    let has_subcommands = page.has_subcommands();
    let has_more = page
        .get_after_long_help()
        .or(page.get_after_help())
        .is_some();
    let has_version = page.get_version().is_some();
    let mut text = Vec::new();
    let man = Man::new(page);
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    // clap_mangen's own leaves out the `--` before a command.
    writeln!(text, ".SH SYNOPSIS\n{}", roff(&usage))?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if has_subcommands {
        man.render_subcommands_section(&mut text)?;
    }
    if has_more {
        man.render_extra_section(&mut text)?;
    }
    if has_version {
        man.render_version_section(&mut text)?;
    }
    stdout::answer(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// `Usage: name-manager run -- <CMD>...` as a line of a manual page.
fn roff(usage: &str) -> String {
    let usage = usage.trim_start_matches("Usage:").trim();
    usage.replace('\\', "\\e").replace('-', "\\-")
}
