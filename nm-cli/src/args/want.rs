use std::time::Duration;

use nm_runtime::inspect;
use nm_runtime::{Access, Lease, Request};

use crate::exit::Failure;
use crate::pools::{check_name, open};

/// What to ask of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "What to ask for")]
pub struct Want {
    /// Share the name with other readers
    #[arg(long)]
    pub shared: bool,
    /// Take this many names at once [default: 1]
    #[arg(long, value_name = "N", conflicts_with_all = ["all", "name"])]
    pub count: Option<u32>,
    /// Take every name of the pool at once
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
    /// Take exactly this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

impl Want {
    /// The request to this pool.
    pub fn of(&self, pool: &str, timeout: Option<Duration>) -> Result<Request, Failure> {
        let pool = open(pool)?;
        if let Some(name) = &self.name {
            check_name(&inspect::find(pool.name())?, name)?;
        }
        let mut request = pool.request();
        if self.shared {
            request = request.access(Access::Shared);
        }
        if let Some(count) = self.count {
            request = request.count(count);
        }
        if self.all {
            request = request.all();
        }
        if let Some(name) = &self.name {
            request = request.name(name);
        }
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        Ok(request)
    }

    /// As arguments for a process of ours.
    pub fn args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if self.shared {
            args.push("--shared".to_owned());
        }
        if let Some(count) = self.count {
            args.push(format!("--count={count}"));
        }
        if self.all {
            args.push("--all".to_owned());
        }
        if let Some(name) = &self.name {
            args.push(format!("--name={name}"));
        }
        args
    }
}

/// Until they have reached whom they are for, names go back as they were found.
pub fn unused(leases: Vec<Lease>) -> Vec<Lease> {
    leases.into_iter().map(Lease::unused).collect()
}
