use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::args::duration;
use crate::args::place::Place;
use crate::cleanup::{self, Ended, Wanted};
use crate::exit::{Outcome, code};
use crate::pools;
use crate::screen::text::escape;
use crate::screen::{label, stdout};

/// Waits until runs are over and cleaned up after
///
/// Tests are cleaned up after by a process that outlives them. This waits for it, for all runs that
/// go on now or have left something, and does what one has left undone: if its process was killed, or a
/// `cleanup` failed. It prints how that ended for each name, and exits with 70 if something is
/// left. For the last step of a container or of a CI job:
/// `cargo test && name-manager wait`.
///
/// What NAME_MANAGER_KEEP has kept stays, unless --kept is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these pools
    #[arg(value_name = "POOL")]
    pools: Vec<String>,
    /// Wait at most this long, e.g. `90s` or `3m`; the clean-up goes on nevertheless
    #[arg(long, value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Clean up even what NAME_MANAGER_KEEP has kept
    #[arg(long)]
    kept: bool,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: Args) -> Outcome {
    args.place.announce(label::own(), None)?;
    let wanted = Wanted {
        until: args
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout)),
        pools: pools::chosen(&args.pools)?,
        kept: args.kept,
    };
    let ended = cleanup::wait(&wanted)?;
    let line = |ended: &Ended| escape(&ended.text()).into_owned() + "\n";
    let lines = ended.iter().map(line);
    stdout::answer(&lines.collect::<String>())?;
    Ok(match ended.iter().any(Ended::is_left) {
        true => ExitCode::from(code::LEFT),
        false => ExitCode::SUCCESS,
    })
}
