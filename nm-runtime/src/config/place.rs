//! Where a pool keeps its state.

use std::path::{Path, PathBuf};

use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::config::manifest::PoolTable;
use crate::config::scope::Scope;
use crate::config::variables::Variables;
use crate::config::workspace::{Workspace, git_common_dir};

/// In a state directory: the version of its format.
pub(crate) const FORMAT_FILE: &str = "format";

/// Where the pools of a state directory are.
pub(crate) fn pools_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("pools")
}

/// The directory of one pool.
pub(crate) fn pool_dir(state_dir: &Path, pool: &str) -> PathBuf {
    pools_dir(state_dir).join(pool)
}

const STATE_DIR: &str = ".name-manager";
const SHARED_STATE_DIR: &str = "name-manager";

pub(crate) fn state_dir(
    pool: &str,
    variables: &Variables,
    table: &PoolTable,
    workspace: Option<&Workspace>,
) -> Result<PathBuf> {
    let scope = match variables.scope(pool)? {
        Some(scope) => scope,
        None => match (&table.scope, workspace, caller::get()) {
            (Some(scope), _, _) => scope.clone(),
            (None, None, Some(_)) => Scope::User,
            (None, _, _) => Scope::Workspace,
        },
    };
    of_scope(pool, scope, workspace)
}

/// The state directory of a scope.
pub(crate) fn of_scope(pool: &str, scope: Scope, workspace: Option<&Workspace>) -> Result<PathBuf> {
    let root = || match workspace {
        Some(workspace) => Ok(workspace.root.as_path()),
        None => Err(Error::config(format!(
            "found no Cargo.toml for pool `{pool}`, neither where the tests were compiled nor above the current directory; set NAME_MANAGER_DIR or NAME_MANAGER_SCOPE=user"
        ))),
    };
    match scope {
        // Counted from the workspace: the packages' tests run in directories of their own.
        Scope::Dir(dir) if dir.is_relative() => Ok(root()?.join(dir)),
        Scope::Dir(dir) => absolute(&dir),
        Scope::Workspace => Ok(root()?.join(STATE_DIR)),
        Scope::Repository => match git_common_dir(root()?) {
            Some(dir) => Ok(dir.join(SHARED_STATE_DIR)),
            None => Err(Error::config(format!(
                "pool `{pool}` has scope `repository`, but `{}` is in no git repository; use scope `workspace` or `user`",
                root()?.display()
            ))),
        },
        Scope::User => match dirs::state_dir().or_else(dirs::data_local_dir) {
            Some(dir) => Ok(dir.join(SHARED_STATE_DIR)),
            None => Err(Error::config(format!(
                "pool `{pool}` has scope `user`, but the user has no home directory; set HOME or NAME_MANAGER_DIR"
            ))),
        },
    }
}

fn absolute(dir: &Path) -> Result<PathBuf> {
    std::path::absolute(dir)
        .map_err(|error| Error::io(format!("failed to resolve `{}`", dir.display()), error))
}
