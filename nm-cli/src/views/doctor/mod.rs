//! `name-manager doctor`: finds and explains.

mod place;
mod pool;
mod tools;

use std::process::ExitCode;

use nm_runtime::inspect::{self, Inspector};

use crate::args::place::Place;
use crate::exit::{Outcome, chain, code};
use crate::screen::finding::{Findings, Level};
#[cfg(all(unix, feature = "server"))]
use crate::server;

/// Finds and explains problems: where state lives and why, whether locks work there,
/// tools, leftover processes, conflicting declarations
///
/// Exits with 1 if it finds a problem.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Where pools have their state or will have it; where that of all others would be, if there
/// is no pool or one of them.
fn places() -> Result<Vec<inspect::Place>, nm_runtime::Error> {
    let default = inspect::place()?;
    // If they cannot be listed, that is said elsewhere.
    let pools = [inspect::pools(), inspect::unused()].into_iter().flatten();
    let mut places: Vec<inspect::Place> = Vec::new();
    for pool in pools.flatten() {
        let place = match pool.place.dir == default.dir {
            true => default.clone(),
            false => pool.place,
        };
        if places.iter().all(|known| known.dir != place.dir) {
            places.push(place);
        }
    }
    if places.is_empty() {
        places.push(default);
    }
    Ok(places)
}

/// Whether pools of a server are used here. If they cannot be listed, that is said elsewhere.
#[cfg(all(unix, feature = "server"))]
fn has_server() -> bool {
    let pools = inspect::pools().unwrap_or_default();
    pools.iter().any(|pool| pool.is_on_server)
}

pub fn run(args: Args) -> Outcome {
    args.place
        .announce("name-manager doctor".to_owned(), None)?;
    let mut findings = Findings::default();
    tools::look(&mut findings);
    match places() {
        Ok(places) => {
            for place in &places {
                place::look(&mut findings, place);
            }
        }
        Err(error) => findings.problem("state", chain(&error), "nothing works without it"),
    }
    #[cfg(all(unix, feature = "server"))]
    if has_server() {
        match server::address() {
            Ok(address) => server::look(&mut findings, address),
            Err(failure) => findings.problem("server", chain(&failure), "its pools cannot be used"),
        }
    }
    match inspect::pools() {
        Ok(found) if found.is_empty() => {
            findings.note("pools", "no pool has been used here yet");
        }
        Ok(found) => {
            let inspector = Inspector::new();
            for pool in &found {
                pool::look(&mut findings, &inspector, pool);
            }
        }
        Err(error) => findings.problem("pools", chain(&error), "tests cannot use them either"),
    }
    Ok(match findings.answer(args.json)? {
        Level::Problem => ExitCode::from(code::FAILURE),
        _ => ExitCode::SUCCESS,
    })
}
