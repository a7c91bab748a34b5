use std::time::Duration;

use nm_runtime::Lease;

use crate::args::duration;
use crate::args::want::{Want, unused};
use crate::exit::{Failure, Outcome, code};

/// Whether a command waits for its names, and for how long.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    No,
    /// At most as long as this, or as the pool is configured.
    AtMost(Option<Duration>),
}

// The arguments of a command that waits for names; of its `try-` twin, `A` are all.
// No documentation: it would take the place of the command's help.
#[derive(Debug, clap::Args)]
pub struct Waiting<A: clap::Args> {
    /// Wait at most this long, e.g. `90s` or `3m`
    #[arg(long, value_parser = duration::parse)]
    timeout: Option<Duration>,
    // Last: its headings hold for all options that follow.
    #[command(flatten)]
    args: A,
}

impl<A: clap::Args> Waiting<A> {
    pub fn run(self, run: impl FnOnce(A, Wait) -> Outcome) -> Outcome {
        run(self.args, Wait::AtMost(self.timeout))
    }
}

impl Wait {
    /// Acquires names, which count as unused: see [`Lease::unused`].
    pub fn acquire(self, want: &Want, pool: &str) -> Result<Vec<Lease>, Failure> {
        let timeout = match self {
            Self::No => return try_acquire(want, pool),
            Self::AtMost(timeout) => timeout,
        };
        Ok(unused(want.of(pool, timeout)?.acquire()?))
    }

    /// As arguments for a process of ours.
    pub fn args(self) -> Vec<String> {
        match self {
            Self::No => vec!["--try".to_owned()],
            Self::AtMost(None) => Vec::new(),
            Self::AtMost(Some(timeout)) => {
                vec![format!("--timeout={}", humantime::format_duration(timeout))]
            }
        }
    }
}

fn try_acquire(want: &Want, pool: &str) -> Result<Vec<Lease>, Failure> {
    let leases = want.of(pool, None)?.try_acquire()?;
    leases.map(unused).ok_or_else(|| {
        let what = match &want.name {
            Some(name) => format!("`{name}` of pool `{pool}` is"),
            None => format!("the requested names of pool `{pool}` are"),
        };
        Failure::new(
            code::IN_USE,
            format!("{what} in use; `name-manager list {pool}` shows the holders"),
        )
    })
}
