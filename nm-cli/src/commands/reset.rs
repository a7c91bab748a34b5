use std::process::ExitCode;

use crate::args::place::Place;
use crate::exit::{Failure, Outcome, code};
use crate::pools;
use crate::screen::{label, stderr, stdout};

/// Forgets what is known of a pool's names, so that each begins anew
///
/// Their dates go, and whether they are dirty, broken or made usable: the next holder
/// finds them as if they had never been lent. Fences and the journal stay.
#[derive(Debug, clap::Args)]
pub struct Args {
    pool: String,
    /// Also while names are lent: those stay as they are, the others are reset
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let pool = &args.pool;
    pools::one(pool)?;
    let done = pools::open(pool)?.forget(args.force)?;
    if done.awaited {
        return Err(Failure::new(
            code::IN_USE,
            format!("somebody waits for names of pool `{pool}`; nothing was reset"),
        )
        .into());
    }
    let lent = done.lent.join(", ");
    if !lent.is_empty() && !args.force {
        return Err(Failure::new(
            code::IN_USE,
            format!(
                "{lent} of pool `{pool}` is lent; nothing was reset: `name-manager list {pool}` shows to whom, --force resets the others"
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
        stderr::warn(&format!("{lent} is lent and stays as it is"));
    }
    Ok(ExitCode::SUCCESS)
}
