use std::path::{Path, PathBuf};

use crate::base::caller::{self, Caller};
use crate::base::error::Result;
use crate::config::manifest::PoolTable;
use crate::config::place;
use crate::config::scope::Scope;
use crate::config::variables::{self, Variables};
use crate::config::workspace::{self, Workspace};
use crate::sys;

/// A state directory, and why it is the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory; it need not exist.
    pub dir: PathBuf,
    /// What made it that: the command line, a variable, `Cargo.toml`, the default.
    pub why: String,
}

/// Where pools of the current directory live.
pub(crate) struct Surroundings {
    pub(crate) workspace: Option<Workspace>,
    pub(crate) variables: &'static Variables,
}

impl Surroundings {
    pub(crate) fn look() -> Result<Self> {
        let workspace = match workspace::manifest_dir(None)? {
            Some(dir) => Some(Workspace::of(&dir)?),
            None => None,
        };
        Ok(Self {
            workspace,
            variables: variables::get()?,
        })
    }

    /// Pools with a configuration of their own.
    pub(crate) fn configured(&self) -> impl Iterator<Item = &PoolTable> {
        let workspace = self.workspace.iter();
        workspace.flat_map(|workspace| workspace.manifest.pools())
    }

    /// Where a pool of this name lives; without a name, one of which nothing is said.
    pub(crate) fn place(&self, pool: Option<&str>) -> Result<Place> {
        // No pool has this name, so no variable is about it.
        let name = pool.unwrap_or(" ");
        let table = self.configured().find(|table| table.pool == name);
        let on_command_line = |caller: &Caller| caller.dir.is_some() || caller.scope.is_some();
        let (scope, why) = if let Some(scope) = self.variables.scope(name)? {
            let why = match caller::get().is_some_and(on_command_line) {
                true => "the command line says so",
                false => "a NAME_MANAGER_.. variable says so",
            };
            (scope, why.to_owned())
        } else if let Some(scope) = table.and_then(|table| table.scope.clone()) {
            (scope, format!("pool `{name}` in Cargo.toml says so"))
        } else if self.workspace.is_some() {
            (Scope::Workspace, "default: in the workspace".to_owned())
        } else {
            let why = "default outside a Cargo workspace: per user".to_owned();
            (Scope::User, why)
        };
        let dir = place::of_scope(name, scope, self.workspace.as_ref())?;
        Ok(Place { dir, why })
    }
}

/// The root of the workspace around the current directory.
pub fn workspace_root() -> Option<PathBuf> {
    let dir = workspace::manifest_dir(None).ok()??;
    Some(Workspace::of(&dir).ok()?.root)
}

/// What a state directory says of itself: the version of its format.
pub(crate) fn format_of(state_dir: &Path) -> Option<u32> {
    let text = sys::read_regular(&state_dir.join(place::FORMAT_FILE)).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}
