use std::process::ExitCode;

use crate::args::claim::Claim;
use crate::args::place::Place;
use crate::exit::{Failure, Outcome, chain, code};
use crate::keeper::ask::{Answer, ask_keepers};
use crate::keeper::control::{Ask, Order};
use crate::keeper::session::Session;
use crate::pools;
use crate::screen::{label, stderr};

/// Gives back a name taken with `acquire`
///
/// Allowed for the shell that acquired the name, for every process that it runs, and for
/// callers that show the token. Releasing a name that is not lent is not an error; but if
/// the caller's own lease had ended before, because its time to live has passed or its keeper
/// was killed, the code is 76: what the job did meanwhile may have met others. With --force
/// that is only said.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// The name, as `acquire` printed it
    name: String,
    /// Mark it dirty: the next holder must not get it in its present state
    #[arg(long)]
    dirty: bool,
    /// Take it from its owner, which is not asked and may still use it; the journal names the caller
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    claim: Claim,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let session = Session::current();
    let order = Order {
        ask: Ask::Release,
        name: args.name.clone(),
        token: args.claim.token()?,
        by: format!("`{}` (pid {})", session.label(), session.pid),
        force: args.force,
        dirty: args.dirty,
        ttl: None,
    };
    let name = &args.name;
    match ask_keepers(&args.pool, &order)? {
        Answer::Done(message) if message.is_empty() => {}
        Answer::Done(message) => stderr::warn(&message),
        Answer::Lost(failure) if args.force => stderr::warn(&chain(&failure)),
        Answer::Refused(failure) | Answer::Lost(failure) => return Err(failure.into()),
        Answer::NoKeeper => match pools::holder(&args.pool, name)? {
            Some(holder) => {
                return Err(Failure::new(
                    code::NOT_OWNER,
                    format!(
                        "`{name}` is held by {holder}, which releases it itself; `release` is for names taken with `acquire`"
                    ),
                )
                .into());
            }
            None => stderr::warn(&format!("`{name}` is not lent")),
        },
    }
    Ok(ExitCode::SUCCESS)
}
