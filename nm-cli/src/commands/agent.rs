//! The process that holds a machine's connections to a server: started by the first process that
//! uses a pool there, and not for people.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use nm_agent::wire::{Fault, FaultKind, Greeting};

use signal_hook::consts::{SIGHUP, SIGINT};

use crate::exit::{Failure, Outcome, code};
use crate::server;
use crate::sys;

/// The subcommand, as libraries start it.
pub const COMMAND: &str = "agent";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where its socket and its locks are.
    #[arg(long)]
    dir: PathBuf,
}

pub fn run(args: Args) -> Outcome {
    let dir = std::path::absolute(&args.dir)?;
    stand_alone()?;
    let served = match server::text() {
        Ok(address) => nm_agent::serve(&dir, &address, &mut io::stdout()),
        Err(failure) => {
            let fault = Fault {
                kind: FaultKind::Config,
                message: failure.to_string(),
                causes: Vec::new(),
            };
            let line = serde_json::to_string(&Greeting::Refused(fault.clone()))?;
            // Whoever has started it may be gone.
            let _ = writeln!(io::stdout(), "{line}");
            Err(fault)
        }
    };
    served.map_err(|fault| {
        let code = match fault.kind {
            FaultKind::Config => code::USAGE,
            _ => code::FAILURE,
        };
        let causes = fault.causes.iter().map(|cause| format!(": {cause}"));
        Failure::new(code, fault.message + &causes.collect::<String>())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Outlives the tests that have started it: no end of theirs is its own, and nobody who waits
/// for the end of a pipe of theirs waits for it.
fn stand_alone() -> io::Result<()> {
    sys::leave_caller();
    for signal in [SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    std::env::set_current_dir("/")
}
