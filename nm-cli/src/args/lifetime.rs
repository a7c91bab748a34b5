use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::{duration, token};
use crate::exit::Failure;

/// How long a lease of `acquire` lives.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "How long")]
pub struct Lifetime {
    /// Release it after this long, unless `keep-alive` extends it
    #[arg(long, value_parser = duration::parse, conflicts_with = "until_release")]
    pub ttl: Option<Duration>,
    /// Keep it until `release`, whichever processes end (except for a reboot)
    #[arg(long)]
    pub until_release: bool,
    /// Release it when this process ends instead of the calling shell, e.g. `--pid $$`
    #[arg(long, value_name = "PID", conflicts_with_all = ["ttl", "until_release"])]
    pub pid: Option<u32>,
    /// The token that `release` and `keep-alive` must show in other shells; other users can see
    /// it here, but not in the variable [env: NAME_MANAGER_TOKEN] [default: random]
    #[arg(long)]
    token: Option<OsString>,
    /// Write the token to this file, readable only by you
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

impl Lifetime {
    pub fn token(&self) -> Result<Option<String>, Failure> {
        token::given(self.token.as_deref())
    }
}
