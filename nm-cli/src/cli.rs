use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::pass_through;
use crate::args::wait::{Wait, Waiting};
#[cfg(not(all(unix, feature = "server")))]
use crate::commands::without_server::{self as server, COMMAND as AGENT, run_agent};
use crate::commands::{acquire, hold, keep_alive, release};
use crate::commands::{adopt, completions, init, man, nextest, reset, run, test, wait};
#[cfg(all(unix, feature = "server"))]
use crate::commands::{agent, agent::COMMAND as AGENT, agent::run as run_agent, server};
use crate::exit::{Outcome, chain, code};
use crate::keeper;
use crate::screen::{stderr, stdout};
use crate::views::{doctor, list, log, stats, status, timeline};

/// Lends names from pools to commands, and shows who holds what.
#[derive(Debug, Parser)]
#[command(name = "name-manager", version, after_help = code::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

// One module for each subcommand, with `Args` and `run(args) -> Outcome`.
#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Hold(Waiting<hold::Args>),
    /// Like hold, but never waits: exits with 75 if the names are in use
    TryHold(hold::Args),
    Acquire(Waiting<acquire::Args>),
    /// Like acquire, but never waits: exits with 75 if the names are in use
    TryAcquire(acquire::Args),
    Release(release::Args),
    KeepAlive(keep_alive::Args),
    List(list::Args),
    Reset(reset::Args),
    Status(status::Args),
    Log(log::Args),
    Doctor(doctor::Args),
    Nextest(nextest::Args),
    Test(test::Args),
    Wait(wait::Args),
    Adopt(adopt::Args),
    Init(init::Args),
    Timeline(timeline::Args),
    Stats(stats::Args),
    Server(server::Args),
    Completions(completions::Args),
    Man(man::Args),
}

// `run` alone: to build the parsers of all subcommands takes a millisecond, which
// is much beside a short command.
#[derive(Debug, Parser)]
#[command(name = "run", bin_name = "name-manager run", after_help = code::HELP)]
struct Run {
    #[command(flatten)]
    args: run::Args,
}

/// Started by `acquire`; no subcommand, so that no help or completion shows it.
#[derive(Debug, Parser)]
struct Keep {
    #[command(flatten)]
    args: keeper::Args,
}

/// Started by the first process that uses a pool of a server.
#[derive(Debug, Parser)]
struct Agent {
    #[cfg(all(unix, feature = "server"))]
    #[command(flatten)]
    args: agent::Args,
    #[cfg(not(all(unix, feature = "server")))]
    #[command(flatten)]
    args: server::Args,
}

/// Started by cargo, for `test`.
#[derive(Debug, Parser)]
struct TestBinary {
    #[command(flatten)]
    args: test::RunnerArgs,
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    let first = args.peek().and_then(|arg| arg.to_str());
    finish(match first {
        Some("run") => run::run(parse::<Run>(args.collect()).args),
        Some(keeper::report::COMMAND) => keeper::run(Keep::parse_from(args).args),
        Some(AGENT) => run_agent(Agent::parse_from(args).args),
        Some(test::COMMAND) => test::run_binary(TestBinary::parse_from(args).args),
        _ => {
            let args = pass_through::marked(std::env::args_os());
            let matches = command().try_get_matches_from(&args);
            let matches = matches.unwrap_or_else(|error| with_our_tip(error, &args).exit());
            Cli::from_arg_matches(&matches)
                .unwrap_or_else(|error| error.exit())
                .run()
        }
    })
}

/// The parser. Every `--help` has the same form: clap gives the long one only to commands
/// that have more to say than their first line.
fn command() -> clap::Command {
    Cli::command().mut_subcommands(with_long_help)
}

fn with_long_help(command: clap::Command) -> clap::Command {
    let command = match (command.get_long_about(), command.get_about()) {
        (None, Some(about)) => {
            let about = about.clone();
            command.long_about(about)
        }
        _ => command,
    };
    command.mut_subcommands(with_long_help)
}

fn parse<P: Parser>(args: Vec<OsString>) -> P {
    P::try_parse_from(&args).unwrap_or_else(|error| with_our_tip(error, &args).exit())
}

/// Of an unknown option, clap says how to pass it as a value; but no pool and no name
/// begins with a dash.
fn with_our_tip(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let unknown = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::MissingRequiredArgument, _) => String::new(),
        (ErrorKind::UnknownArgument, Some(ContextValue::String(unknown))) => unknown.clone(),
        _ => return error,
    };
    // Unless it is an option of ours, misspelt.
    let without_dashes = match error.get(ContextKind::SuggestedArg) {
        None => run::without_dashes(args),
        Some(_) => None,
    };
    let is_log = args.get(1).is_some_and(|arg| arg == "log");
    let tip = match (error.remove(ContextKind::Suggested), without_dashes) {
        (Some(_), _) if unknown == "--pool" => "write the pool without `--pool`".to_owned(),
        (_, Some(tip)) => tip,
        (None, None) if is_log && !unknown.starts_with('-') => {
            format!("write `--pool {unknown}` or `--test {unknown}`")
        }
        _ => return error,
    };
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![tip.into()]),
    );
    error
}

fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(code) => code,
        // The reader has gone: `| head` has seen enough.
        Err(error) if stdout::is_closed(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            stderr::warn(&chain(&*error));
            ExitCode::from(code::of(&*error))
        }
    }
}

impl Cli {
    fn run(self) -> Outcome {
        match self.command {
            Command::Run(args) => run::run(args),
            Command::Hold(args) => args.run(hold::run),
            Command::TryHold(args) => hold::run(args, Wait::No),
            Command::Acquire(args) => args.run(acquire::run),
            Command::TryAcquire(args) => acquire::run(args, Wait::No),
            Command::Release(args) => release::run(args),
            Command::KeepAlive(args) => keep_alive::run(args),
            Command::List(args) => list::run(args),
            Command::Reset(args) => reset::run(args),
            Command::Status(args) => status::run(args),
            Command::Log(args) => log::run(args),
            Command::Doctor(args) => doctor::run(args),
            Command::Nextest(args) => nextest::run(args),
            Command::Test(args) => test::run(args),
            Command::Wait(args) => wait::run(args),
            Command::Adopt(args) => adopt::run(args),
            Command::Init(args) => init::run(args),
            Command::Timeline(args) => timeline::run(args),
            Command::Stats(args) => stats::run(args),
            Command::Server(args) => server::run(args),
            Command::Completions(args) => completions::run(args, command()),
            Command::Man(args) => man::run(args, command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_agrees_with_itself() {
        command().debug_assert();
    }
}
