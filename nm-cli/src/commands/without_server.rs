//! In the place of `server` and `agent`, for a program that was built without them.

use std::ffi::OsString;
use std::io::{self, Write};

use crate::exit::{Failure, Outcome, code};

/// Says how to get a program that can use pools of several machines
///
/// This one was built without them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Anything
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<OsString>,
}

/// The subcommand, as libraries start it.
pub const COMMAND: &str = "agent";

#[cfg(unix)]
const WHY: &str = "this name-manager was built without pools of a server (feature `server`); `cargo install nm-cli` installs one that has them, which takes a C compiler";
#[cfg(not(unix))]
const WHY: &str = "there are no pools of a server on this system: they need Unix; set NAME_MANAGER_SERVER=none, and they are pools of this machine";

pub fn run(Args { args: _ }: Args) -> Outcome {
    Err(Failure::new(code::FAILURE, WHY).into())
}

/// As an agent that cannot serve.
pub fn run_agent(Args { args: _ }: Args) -> Outcome {
    let fault = serde_json::json!({ "kind": "agent", "message": WHY, "causes": [] });
    // Whoever has started it may be gone.
    let _ = writeln!(io::stdout(), "{}", serde_json::json!({ "refused": fault }));
    Err(Failure::new(code::FAILURE, WHY).into())
}
