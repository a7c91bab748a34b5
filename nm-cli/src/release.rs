use std::error::Error;
use std::process::ExitCode;

use crate::args::lifetime::Claim;
use crate::args::place::Place;
use crate::control::{self, Ask, Request};
use crate::exit::{Failure, Outcome, code};
use crate::kept::{self, Kept};
use crate::pools::directory;
use crate::screen::{label, stderr};
use crate::session::Session;

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
    let request = Request {
        ask: Ask::Release,
        name: args.name.clone(),
        token: args.claim.token.clone(),
        by: format!("`{}` (pid {})", session.label(), session.pid),
        force: args.force,
        dirty: args.dirty,
        ttl: None,
    };
    let name = &args.name;
    match ask_keepers(&args.pool, &request)? {
        Answer::Done(message) if message.is_empty() => {}
        Answer::Done(message) => stderr::warn(&message),
        Answer::Refused(failure) => return Err(failure.into()),
        Answer::Gone(kept) => stderr::warn(&format!(
            "the lease of `{name}` had ended already: its keeper (pid {}) was killed",
            kept.pid
        )),
        Answer::Nobody => match directory::holder(&args.pool, name)? {
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

/// What came of asking.
pub enum Answer {
    Done(String),
    Refused(Failure),
    /// Its keeper is gone, and the lease with it.
    Gone(Kept),
    /// No keeper has the name.
    Nobody,
}

/// Asks the keepers of a name, until one does it: a shared name has several.
pub fn ask_keepers(pool: &str, request: &Request) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let dir = kept::directory(&directory::of(pool)?);
    let failed = |error| {
        let what = format!(
            "failed to reach the keeper of `{}` in `{}`",
            request.name,
            dir.display()
        );
        Failure::new(code::FAILURE, what).because(error)
    };
    let mut answer = Answer::Nobody;
    for kept in Kept::of(&dir, &request.name).map_err(failed)? {
        match control::ask(&dir, &kept, request).map_err(failed)? {
            Some(reply) if reply.code == 0 => return Ok(Answer::Done(reply.message)),
            Some(reply) => answer = Answer::Refused(Failure::new(reply.code, reply.message)),
            None => {
                kept.clear(&dir);
                if let Answer::Nobody = answer {
                    answer = Answer::Gone(kept);
                }
            }
        }
    }
    if let Answer::Nobody = answer {
        directory::check_name(pool, &request.name)?;
    }
    Ok(answer)
}
