//! Pools of scope `server`: which server, and which project's pools these are.

use crate::base::error::{Error, Result};
use crate::config::address::Address;
use crate::config::variables::Variables;
use crate::config::workspace::Workspace;

/// A server that machines share, and a project's part of it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    #[cfg_attr(
        not(all(unix, feature = "server")),
        allow(dead_code, reason = "no pool is on a server there")
    )]
    pub(crate) address: Address,
    /// Tells this project's pools from others'.
    pub(crate) space: String,
}

impl Server {
    /// That of a pool of scope `server`.
    pub(crate) fn of(
        pool: &str,
        space: Option<&str>,
        variables: &Variables,
        workspace: Option<&Workspace>,
    ) -> Result<Self> {
        if !cfg!(unix) {
            return Err(Error::config(format!(
                "pool `{pool}` has scope `server`, for which processes need the Unix sockets that this system does not have; use scope `user`, or set NAME_MANAGER_SERVER=none"
            )));
        }
        if !cfg!(feature = "server") {
            return Err(Error::config(format!(
                "pool `{pool}` has scope `server`, which name-manager was built without here; write `features = [\"server\"]` for it in Cargo.toml, or set NAME_MANAGER_SERVER=none to share the pool on this machine alone"
            )));
        }
        let Some(address) = variables.server.clone() else {
            return Err(Error::config(format!(
                "pool `{pool}` has scope `server`, but NAME_MANAGER_SERVER is not set; set it to the server's address, like postgres://ci@db.example.org/names, or to `none` to share the pool on this machine alone"
            )));
        };
        let repository = || workspace.and_then(|workspace| workspace.manifest.repository());
        let space = space.map(str::to_owned).or_else(repository);
        let Some(space) = space else {
            let there = match workspace {
                Some(workspace) => format!("under {}", workspace.manifest.header(pool)),
                None => "where the pool is configured".to_owned(),
            };
            return Err(Error::config(format!(
                "pool `{pool}` has scope `server`, but nothing says which project's pool it is; write `space = \"OWNER/PROJECT\"` {there}, or `repository` in Cargo.toml"
            )));
        };
        Ok(Self { address, space })
    }
}
