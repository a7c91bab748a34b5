use std::error::Error;
use std::process::ExitCode;

use nm_runtime::inspect::Found;

use crate::args::claim::Claim;
use crate::args::place::Place;
use crate::exit::{Failure, Outcome, chain, code};
use crate::keeper::ask::{Answer, ask_keepers};
use crate::keeper::control::{Ask, Order};
use crate::keeper::session::Session;
use crate::pools;
use crate::screen::{label, stderr};

/// Gives back names taken with `acquire`
///
/// Of several names each is released, even if another cannot be; the code is that of the first
/// that could not. They can be given as `acquire` printed them, a line each: `release db "$names"`.
///
/// Allowed for the shell that acquired a name, for every process that it runs, and for
/// callers that show the token. Releasing a name that is not lent is not an error; but if
/// the caller's own lease had ended before, because its time to live has passed or its keeper
/// was killed, the code is 76: what the job did meanwhile may have met others. With --force
/// that is only said.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// The names, as `acquire` printed them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Mark them dirty: the next holder must not get them in their present state
    #[arg(long)]
    dirty: bool,
    /// Take them from their owner, which is not asked and may still use them; the journal names the caller
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    claim: Claim,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    // Before a keeper is asked, which changes the current directory.
    let pool = pools::one(&args.pool)?;
    let session = Session::current();
    let mut order = Order {
        ask: Ask::Release,
        name: String::new(),
        token: args.claim.token()?,
        by: format!("`{}` (pid {})", session.label(), session.pid),
        force: args.force,
        dirty: args.dirty,
        ttl: None,
    };
    let mut failed = None;
    for name in args.names.iter().flat_map(|names| names.split('\n')) {
        name.clone_into(&mut order.name);
        if let Err(error) = release(&pool, &order) {
            match failed {
                None => failed = Some(error),
                Some(_) => stderr::warn(&chain(&*error)),
            }
        }
    }
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error),
    }
}

fn release(pool: &Found, order: &Order) -> Result<(), Box<dyn Error + Send + Sync>> {
    let name = &order.name;
    match ask_keepers(pool, order)? {
        Answer::Done(message) if message.is_empty() => {}
        Answer::Done(message) => stderr::warn(&message),
        Answer::Lost(failure) if order.force => stderr::warn(&chain(&failure)),
        Answer::Refused(failure) | Answer::Lost(failure) => return Err(failure.into()),
        Answer::NoKeeper => match pools::holder(pool, name)? {
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
    Ok(())
}
