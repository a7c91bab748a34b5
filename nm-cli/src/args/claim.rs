use std::ffi::OsString;

use crate::args::token;
use crate::exit::Failure;

/// The proof by which other processes than its session may release a lease.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Claim {
    /// The token that the lease was acquired with [env: NAME_MANAGER_TOKEN]
    #[arg(long)]
    token: Option<OsString>,
}

impl Claim {
    pub fn token(&self) -> Result<Option<String>, Failure> {
        token::given(self.token.as_deref())
    }
}
