use std::process::ExitCode;
use std::time::Duration;

use crate::args::claim::Claim;
use crate::args::duration;
use crate::args::place::Place;
use crate::exit::{Failure, Outcome, code};
use crate::keeper::ask::{Answer, ask_keepers};
use crate::keeper::control::{Ask, Order};
use crate::keeper::session::Session;
use crate::pools;
use crate::screen::label;

/// Extends the time to live of a name that was acquired with --ttl
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// The name, as `acquire` printed it
    name: String,
    /// The new time to live, counted from now [default: the present one]
    #[arg(long, value_parser = duration::parse)]
    ttl: Option<Duration>,
    #[command(flatten)]
    claim: Claim,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let order = Order {
        ask: Ask::KeepAlive,
        name: args.name.clone(),
        token: args.claim.token()?,
        by: Session::current().label(),
        force: false,
        dirty: false,
        ttl: args.ttl.map(|ttl| ttl.as_millis() as u64),
    };
    match ask_keepers(&pools::one(&args.pool)?, &order)? {
        Answer::Done(_) => Ok(ExitCode::SUCCESS),
        Answer::Refused(failure) | Answer::Lost(failure) => Err(failure.into()),
        Answer::NoKeeper => Err(Failure::new(
            code::UNKNOWN,
            format!(
                "no lease of `{}` to extend: it was released, or its time to live expired; acquire it again",
                args.name
            ),
        )
        .into()),
    }
}
