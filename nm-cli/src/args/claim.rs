/// The proof by which other processes than its session may release a lease.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Claim {
    /// The token that the lease was acquired with
    #[arg(long, env = "NAME_MANAGER_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}
