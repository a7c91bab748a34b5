use std::error::Error;
use std::process::ExitCode;

use nm_runtime::inspect::Inspector;
use nm_runtime::{Kept, Pool, caller};

use crate::args::place::Place;
use crate::cleanup;
use crate::exit::{Failure, Outcome, code};
use crate::pools;
use crate::process::child::Ended;
use crate::screen::{label, stderr, stdout};

/// Forgets the state of a pool's names, so that each starts afresh
///
/// Their dates are forgotten, and whether they are dirty, broken or initialised: the next
/// holder finds them as if they had never been lent. Fences and the journal are kept.
///
/// What a `fingerprint` keeps is cleaned up first, if the pool's hooks are commands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pool
    pool: String,
    /// Reset even while names are lent, which are skipped, and names that are not cleaned up,
    /// or not yet
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let pool = &args.pool;
    let view = Inspector::new().look(&pools::one(pool)?)?;
    let left = view.names.iter().filter(|name| name.left.is_some());
    let left: Vec<_> = left.map(|name| name.name.as_str()).collect();
    if !left.is_empty() && !args.force {
        let (is, it) = match left.len() {
            1 => ("is", "it"),
            _ => ("are", "them"),
        };
        return Err(Failure::new(
            code::LEFT,
            format!(
                "{} of pool `{pool}` {is} not cleaned up, which would be forgotten; nothing was reset: `name-manager wait {pool}` cleans {it} up, --force forgets {it}",
                left.join(", ")
            ),
        )
        .into());
    }
    let made = view.names.iter();
    let made = made.filter(|name| name.is_made() && name.left.is_none() && !name.held);
    let made: Vec<_> = made.map(|name| name.name.as_str()).collect();
    if !made.is_empty() && !args.force {
        return Err(Failure::new(
            code::IN_USE,
            format!(
                "hooks have made {} of pool `{pool}` for a run that has yet to clean up; nothing was reset: `name-manager wait {pool}` says when that is done, --force forgets what they have made",
                made.join(", ")
            ),
        )
        .into());
    }
    let opened = pools::open(pool)?;
    let is_lent = view.names.iter().any(|name| name.held);
    if !args.force && !is_lent {
        clean_up_kept(&opened)?;
    }
    let done = opened.forget(args.force)?;
    if done.awaited {
        return Err(Failure::new(
            code::IN_USE,
            format!(
                "pool `{pool}` has waiters, whom --force does not pass over; nothing was reset: `name-manager status {pool}` shows them, try again when they are served"
            ),
        )
        .into());
    }
    let lent = done.lent.join(", ");
    if !lent.is_empty() && !args.force {
        return Err(Failure::new(
            code::IN_USE,
            format!(
                "{lent} of pool `{pool}` is lent; nothing was reset: `name-manager list {pool}` shows the holders, --force resets the others"
            ),
        )
        .into());
    }
    let mut text = String::new();
    for name in &done.names {
        text.push_str(&format!("{name}\n"));
    }
    stdout::answer(&text)?;
    if !lent.is_empty() {
        stderr::warn(&format!("skipped {lent}, which is lent"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a fingerprint keeps is nobody's any more once it is forgotten.
fn clean_up_kept(pool: &Pool) -> Result<(), Box<dyn Error + Send + Sync>> {
    let ends = pool.clean_up_kept()?;
    if ends.is_empty() {
        return Ok(());
    }
    // Of the run that this was, which tears the pool down.
    caller::leave_pools();
    let code = match caller::begins_here()? {
        true => cleanup::after(Ended::not_begun(0)),
        false => 0,
    };
    let name = pool.name();
    for (kept, end) in ends {
        match end {
            Kept::CleanedUp => {}
            Kept::InUse => {
                return Err(Failure::new(
                    code::IN_USE,
                    format!(
                        "a run that goes on uses {kept} of pool `{name}`, which a fingerprint keeps; nothing was reset: `name-manager wait {name}` says when that is over, --force forgets what has been made"
                    ),
                )
                .into());
            }
            Kept::Failed(error) => {
                return Err(Failure::new(
                    code::LEFT,
                    format!(
                        "{kept} of pool `{name}`, which a fingerprint keeps, could not be cleaned up, which would be forgotten; nothing was reset: `name-manager wait {name}` tries again, --force forgets it"
                    ),
                )
                .because(error)
                .into());
            }
        }
    }
    match code {
        0 => Ok(()),
        code => Err(Failure::new(
            code,
            format!("pool `{name}` was not torn down; nothing was reset: `name-manager wait {name}` tries again, --force forgets it"),
        )
        .into()),
    }
}
