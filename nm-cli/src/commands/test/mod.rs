//! `cargo test`, with additional threads that make up for waiting tests.

mod rehearsal;
mod runner;

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::args::pass_through::take_flag;
use crate::cleanup;
use crate::exit::{Failure, Outcome, code};
use crate::process::{cargo, child};
pub use runner::{Args as RunnerArgs, COMMAND, run as run_binary};

/// Runs `cargo test` so that waiting tests keep no others from running
///
/// libtest starts tests in the order of their names, and a waiting test takes up a thread.
/// So each test binary gets as many additional threads as that costs; all else is plain
/// `cargo test`. Under `name-manager nextest` tests do not wait in the first place.
///
/// Waits until the tests are cleaned up after; exits with 70 if they passed and that failed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not wait until the tests are cleaned up after
    #[arg(long)]
    no_wait: bool,
    /// Arguments for `cargo test`
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    args: Vec<OsString>,
}

pub fn run(mut args: Args) -> Outcome {
    args.no_wait |= take_flag(&mut args.args, "--no-wait");
    let failed = |what: &str| Failure::new(code::FAILURE, what.to_owned());
    let own = env::current_exe()
        .map_err(|error| failed("failed to find the path of name-manager").because(error))?;
    let Some(own) = own.to_str() else {
        return Err(failed("the path of name-manager is not UTF-8; install it elsewhere").into());
    };
    // Any target's; a runner that the user has set for one target beats it.
    let runner = format!("target.'cfg(all())'.runner = [{own:?}, {COMMAND:?}]");
    let cargo = cargo::program();
    let mut command = Command::new(&cargo);
    command.args(["--config", &runner, "test"]).args(args.args);
    let ended = child::run(command, &cargo);
    let code = match args.no_wait {
        true => ended.code,
        false => cleanup::after(ended),
    };
    Ok(ExitCode::from(code))
}
