//! What configures pools around a process: variables, and the workspace if there is
//! one. The only way to a pool's configuration.

use std::path::Path;
#[cfg(feature = "tools")]
use std::path::PathBuf;

use crate::base::error::Result;
use crate::config::manifest::PoolTable;
#[cfg(feature = "tools")]
use crate::config::place::{self, Place};
use crate::config::pool::PoolConfig;
use crate::config::variables::{self, Variables};
#[cfg(feature = "tools")]
use crate::config::workspace;
use crate::config::workspace::Workspace;

/// Variables and workspace of a process.
pub(crate) struct Surroundings {
    workspace: Option<Workspace>,
    variables: &'static Variables,
}

impl Surroundings {
    /// Those of the package in this directory; `None` is outside any package.
    pub(crate) fn of(manifest_dir: Option<&Path>) -> Result<Self> {
        Ok(Self {
            workspace: manifest_dir.map(Workspace::of).transpose()?,
            variables: variables::get()?,
        })
    }

    /// Those of the current directory.
    #[cfg(feature = "tools")]
    pub(crate) fn look() -> Result<Self> {
        Self::of(workspace::manifest_dir(None)?.as_deref())
    }

    /// The configuration of the pool with this name.
    pub(crate) fn pool(&self, pool: &str) -> Result<PoolConfig> {
        PoolConfig::new(pool, self.variables, self.workspace.as_ref())
    }

    /// Pools with a configuration of their own.
    pub(crate) fn configured(&self) -> impl Iterator<Item = &PoolTable> {
        let workspace = self.workspace.iter();
        workspace.flat_map(|workspace| workspace.manifest.pools())
    }

    /// Where the state of the pool with this name lives; without a name, of a pool
    /// that is not configured.
    #[cfg(feature = "tools")]
    pub(crate) fn place(&self, pool: Option<&str>) -> Result<Place> {
        // No pool can have this name, so no variable or table is about it.
        let pool = pool.unwrap_or(" ");
        let table = self.configured().find(|table| table.pool == pool);
        let (scope, why) = place::scope(pool, self.variables, table, self.workspace.as_ref())?;
        Ok(Place {
            dir: place::of_scope(pool, scope, self.workspace.as_ref())?,
            why: why.text(pool),
        })
    }
}

/// The root of the workspace around the current directory.
#[cfg(feature = "tools")]
pub fn workspace_root() -> Option<PathBuf> {
    let dir = workspace::manifest_dir(None).ok()??;
    Some(Workspace::of(&dir).ok()?.root)
}
