//! What configures pools around a process: variables, and the workspace if there is
//! one. The only way to a pool's configuration.

#[cfg(feature = "tools")]
use std::env;
use std::path::PathBuf;

use crate::base::error::{Error, Result};
#[cfg(feature = "tools")]
use crate::config::manifest::OWN_FILE;
use crate::config::manifest::{CARGO_FILE, Manifest, PoolTable};
#[cfg(feature = "tools")]
use crate::config::place::{self, Place};
use crate::config::pool::PoolConfig;
#[cfg(feature = "tools")]
use crate::config::scope::Scope;
use crate::config::variables::{self, Variables};
use crate::config::workspace::{Package, Workspace};
use crate::declared::section;

/// Variables and workspace of a process.
pub(crate) struct Surroundings {
    workspace: Option<Workspace>,
    variables: &'static Variables,
    /// Where the workspace was when the code was compiled, if it no longer exists.
    gone: Option<PathBuf>,
}

impl Surroundings {
    /// Those of a package.
    pub(crate) fn of(package: &Package) -> Result<Self> {
        Ok(Self {
            workspace: package.dir().map(Workspace::of).transpose()?,
            variables: variables::get()?,
            gone: match package {
                Package::Gone(dir) => Some(dir.clone()),
                Package::In(_) | Package::None => None,
            },
        })
    }

    /// Those of the current directory.
    #[cfg(feature = "tools")]
    pub(crate) fn look() -> Result<Self> {
        Self::of(&Package::find(None)?)
    }

    /// The configuration of the pool with this name.
    pub(crate) fn pool(&self, pool: &str) -> Result<PoolConfig> {
        if let Some(gone) = &self.gone
            && self.variables.max(pool)?.is_none()
            && self.variables.names(pool)?.is_none()
        {
            // A limit that was configured there must not vanish silently.
            let variable = variables::variable(pool, "MAX");
            return Err(Error::config(format!(
                "pool `{pool}` may be configured in the Cargo.toml of `{}`, where this program was compiled, and which no longer exists; set CARGO_MANIFEST_DIR to where the package is now, or {variable} and NAME_MANAGER_DIR",
                gone.display()
            )));
        }
        PoolConfig::new(pool, self.variables, self.workspace.as_ref())
    }

    /// Pools with a configuration of their own.
    pub(crate) fn configured(&self) -> &[PoolTable] {
        let workspace = self.workspace.as_ref();
        workspace.map_or(&[], |workspace| workspace.manifest.pools())
    }

    /// The file in which they are, as people call it.
    pub(crate) fn file(&self) -> &'static str {
        let manifest = self.workspace.as_ref().map(|workspace| &workspace.manifest);
        manifest.map_or(CARGO_FILE, Manifest::file)
    }

    /// Whether a table or a variable is about this pool.
    #[cfg(feature = "tools")]
    pub(crate) fn configures(&self, pool: &str) -> bool {
        self.configured().iter().any(|table| table.pool == pool) || self.variables.are_about(pool)
    }

    /// A variable that may be meant for this pool: see [`Variables::misspelt`].
    pub(crate) fn misspelt_variable(&self, pool: &str) -> Option<(String, String)> {
        self.variables.misspelt(pool, || self.known(pool))
    }

    /// A variable that gives a size to a pool that nobody knows: neither this program nor
    /// `Cargo.toml`, nor is it among these.
    pub(crate) fn size_of_none(&self, pool: &str, used: &[String]) -> Option<String> {
        let mut known = self.known(pool);
        known.extend(used.iter().map(String::as_str));
        self.variables.size_of_none(&known).map(variables::whole)
    }

    /// The pools that this program and `Cargo.toml` know.
    fn known<'a>(&'a self, pool: &'a str) -> Vec<&'a str> {
        let mut known = section::pools();
        known.push(pool);
        known.extend(self.configured().iter().map(|table| table.pool.as_str()));
        known
    }

    /// Whether a server lends the names of this pool.
    #[cfg(feature = "tools")]
    pub(crate) fn is_on_server(&self, pool: &str) -> Result<bool> {
        let table = self.configured().iter().find(|table| table.pool == pool);
        let (scope, _) = place::scope(pool, self.variables, table, self.workspace.as_ref())?;
        Ok(scope == Scope::Server)
    }

    /// Where the state of the pool with this name lives; without a name, of a pool
    /// that is not configured.
    #[cfg(feature = "tools")]
    pub(crate) fn place(&self, pool: Option<&str>) -> Result<Place> {
        // No pool can have this name, so no variable or table is about it.
        let pool = pool.unwrap_or(" ");
        let table = self.configured().iter().find(|table| table.pool == pool);
        let (scope, why) = place::scope(pool, self.variables, table, self.workspace.as_ref())?;
        Ok(Place {
            dir: place::of_scope(pool, scope, self.variables, self.workspace.as_ref())?,
            why: why.text(pool),
        })
    }
}

/// The root of the Cargo workspace around the current directory, unless a larger project
/// has taken its place.
#[cfg(feature = "tools")]
pub fn workspace_root() -> Option<PathBuf> {
    let package = Package::find(None).ok()?;
    let root = Workspace::of(package.dir()?).ok()?.root;
    root.join(CARGO_FILE).is_file().then_some(root)
}

/// The `name-manager.toml` that would configure the pools of the current directory, and
/// whether that is in a Cargo workspace.
///
/// # Errors
///
/// If something configures them already, or that cannot be read.
#[cfg(feature = "tools")]
pub fn unwritten() -> Result<(PathBuf, bool)> {
    let package = Package::find(None)?;
    let Some(dir) = package.dir() else {
        let current = env::current_dir()
            .map_err(|error| Error::io("failed to find the current directory", error))?;
        return Ok((current.join(OWN_FILE), false));
    };
    let Workspace { root, manifest } = Workspace::of(dir)?;
    let path = root.join(OWN_FILE);
    if manifest.path == path {
        return Err(Error::config(format!(
            "`{}` configures the pools here already",
            path.display()
        )));
    }
    match manifest.metadata() {
        None => Ok((path, true)),
        Some((place, header)) => Err(Error::config(format!(
            "pools are configured at {place} already; to have them in `{}` instead, move them there: `{header}` is `[pools.db]` there",
            path.display(),
        ))),
    }
}
