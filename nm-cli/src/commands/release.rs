use std::process::ExitCode;

use crate::args::claim::Claim;
use crate::args::place::Place;
use crate::exit::{Failure, Outcome, code};
use crate::keeper::ask::{Answer, ask_keepers};
use crate::keeper::control::{Ask, Order};
use crate::keeper::session::Session;
use crate::pools;
use crate::screen::{label, stderr};

/// Gives back a name that `acquire` lent
///
/// Only the shell that acquired it may do so, whatever it runs, and whoever shows its token.
/// Releasing what is not lent is no error.
#[derive(Debug, clap::Args)]
pub struct Args {
    pool: String,
    name: String,
    /// Say that the next holder must not find it as it is now
    #[arg(long)]
    dirty: bool,
    /// Take it away from its owner, who is not asked and may go on using it; the journal says who did
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
        token: args.claim.token.clone(),
        by: format!("`{}` (pid {})", session.label(), session.pid),
        force: args.force,
        dirty: args.dirty,
        ttl: None,
    };
    let name = &args.name;
    match ask_keepers(&args.pool, &order)? {
        Answer::Done(message) if message.is_empty() => {}
        Answer::Done(message) => stderr::warn(&message),
        Answer::Refused(failure) => return Err(failure.into()),
        Answer::Gone(kept) => stderr::warn(&format!(
            "the lease of `{name}` had ended already: its keeper (pid {}) was killed",
            kept.pid
        )),
        Answer::Nobody => match pools::holder(&args.pool, name)? {
            Some(holder) => {
                return Err(Failure::new(
                    code::NOT_OWNER,
                    format!(
                        "`{name}` is held by {holder}, which gives it back itself; `release` is for what `acquire` lent"
                    ),
                )
                .into());
            }
            None => stderr::warn(&format!("`{name}` is not lent")),
        },
    }
    Ok(ExitCode::SUCCESS)
}
