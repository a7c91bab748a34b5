//! Where a pool keeps its state.

use std::path::{Path, PathBuf};

use nm_words::key;

use crate::base::caller::{self, Caller};
use crate::base::error::{Error, Result};
use crate::config::address::fnv;
use crate::config::manifest::PoolTable;
use crate::config::scope::Scope;
use crate::config::user;
use crate::config::variables::Variables;
use crate::config::workspace::{Workspace, git_common_dir};

/// The file of a state directory that has the version of its format.
pub(crate) const FORMAT_FILE: &str = "format";

/// Where the pools of a state directory are.
pub(crate) fn pools_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("pools")
}

/// The directory of one pool.
pub(crate) fn pool_dir(state_dir: &Path, pool: &str) -> PathBuf {
    pools_dir(state_dir).join(pool)
}

/// Where a pool on a server has its files, those of hooks.
pub(crate) fn of_server(agent_dir: &Path, space: &str, pool: &str) -> PathBuf {
    let space = format!("{:016x}", fnv(space.as_bytes()));
    agent_dir.join("spaces").join(space).join(pool)
}

/// The pools that have a directory in this state directory, as far as it can be listed.
pub(crate) fn used(state_dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(pools_dir(state_dir)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(entry) = entry
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names
}

const STATE_DIR: &str = ".name-manager";
const SHARED_STATE_DIR: &str = "name-manager";

/// A state directory, and why it was chosen.
#[cfg(feature = "tools")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory; it need not exist.
    pub dir: PathBuf,
    /// What chose it: the command line, a variable, `Cargo.toml`, or the default.
    pub why: String,
}

/// Why a pool has its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    CommandLine,
    Variable,
    /// This file says so.
    Manifest(&'static str),
    Default,
    /// It is a pool of `file_serial`, which spans all workspaces unless configured.
    Keyed,
    /// A command was run outside any workspace.
    Outside,
}

impl Why {
    #[cfg(feature = "tools")]
    pub(crate) fn text(self, pool: &str) -> String {
        match self {
            Self::CommandLine => "set on the command line".to_owned(),
            Self::Variable => "set by a NAME_MANAGER_.. variable".to_owned(),
            Self::Manifest(file) => format!("set for pool `{pool}` in {file}"),
            Self::Default => "default: in the workspace".to_owned(),
            Self::Keyed => "default of `file_serial`: per user".to_owned(),
            Self::Outside => "default outside a Cargo workspace: per user".to_owned(),
        }
    }
}

/// A pool's scope, and why it has it.
pub(crate) fn scope(
    pool: &str,
    variables: &Variables,
    table: Option<&PoolTable>,
    workspace: Option<&Workspace>,
) -> Result<(Scope, Why)> {
    let configured = table.and_then(|table| table.scope.clone());
    let (scope, why) = as_configured(pool, variables, configured, workspace)?;
    // A variable may say it on machines that have a server.
    if let (Some(place), Why::Default | Why::Keyed) =
        (table.and_then(|it| it.stray_space.as_ref()), why)
    {
        return Err(Error::config(format!(
            "{place}: pool `{pool}` has a `space`, which only a pool with `scope = \"server\"` has; write that beside it, or remove the `space`"
        )));
    }
    Ok(match scope {
        Scope::Server if variables.has_no_server() => match variables.dir() {
            Some(dir) => (Scope::Dir(dir.to_owned()), Why::Variable),
            None => (Scope::User, Why::Variable),
        },
        scope => (scope, why),
    })
}

fn as_configured(
    pool: &str,
    variables: &Variables,
    configured: Option<Scope>,
    workspace: Option<&Workspace>,
) -> Result<(Scope, Why)> {
    let on_command_line = |caller: &Caller| caller.dir.is_some() || caller.scope.is_some();
    // A directory for all pools is where the agents of servers have theirs.
    if let (Some(Scope::Server), Some(workspace)) = (&configured, workspace)
        && variables.dir().is_some()
        && !variables.place(pool)
    {
        return Ok((Scope::Server, Why::Manifest(workspace.manifest.file())));
    }
    if let Some(scope) = variables.scope(pool)? {
        let why = match caller::get().is_some_and(on_command_line) {
            true => Why::CommandLine,
            false => Why::Variable,
        };
        return Ok((scope, why));
    }
    Ok(match (configured, workspace, caller::get()) {
        (Some(scope), Some(workspace), _) => (scope, Why::Manifest(workspace.manifest.file())),
        // Tests without a workspace are a mistake, which `of_scope` reports.
        _ if key::is_across_processes(pool) => (Scope::User, Why::Keyed),
        (None, None, Some(_)) => (Scope::User, Why::Outside),
        _ => (Scope::Workspace, Why::Default),
    })
}

/// The state directory of a scope.
pub(crate) fn of_scope(
    pool: &str,
    scope: Scope,
    variables: &Variables,
    workspace: Option<&Workspace>,
) -> Result<PathBuf> {
    let root = || match workspace {
        Some(workspace) => Ok(workspace.root.as_path()),
        None => Err(Error::config(format!(
            "found no Cargo.toml for pool `{pool}`, neither where the tests were compiled nor above the current directory, nor a name-manager.toml there; set NAME_MANAGER_DIR or NAME_MANAGER_SCOPE=user"
        ))),
    };
    match scope {
        // Relative to the workspace: each package's tests run in its own directory.
        Scope::Dir(dir) if dir.is_relative() => Ok(root()?.join(dir)),
        Scope::Dir(dir) => absolute(&dir),
        Scope::Workspace => Ok(root()?.join(STATE_DIR)),
        Scope::Repository => match git_common_dir(root()?)? {
            Some(dir) => Ok(dir.join(SHARED_STATE_DIR)),
            None => Err(Error::config(format!(
                "pool `{pool}` has scope `repository`, but `{}` is in no git repository; use scope `workspace` or `user`",
                root()?.display()
            ))),
        },
        // That of the agent which speaks for this machine.
        Scope::Server => {
            let base = match variables.dir() {
                Some(dir) => Scope::Dir(dir.to_owned()),
                None => Scope::User,
            };
            let base = of_scope(pool, base, variables, workspace)?;
            let address = variables.server.as_ref();
            Ok(address.map_or_else(|| base.clone(), |address| address.dir(&base)))
        }
        Scope::User => match user::state_dir() {
            Some(dir) => Ok(dir.join(SHARED_STATE_DIR)),
            None => Err(Error::config(format!(
                "pool `{pool}` has scope `user`, but the user has no home directory; set HOME or NAME_MANAGER_DIR"
            ))),
        },
    }
}

/// The version of a state directory's format; `None` if it has no readable one.
#[cfg(feature = "tools")]
pub(crate) fn format_of(state_dir: &Path) -> Option<u32> {
    let text = nm_os::read_regular(&state_dir.join(FORMAT_FILE)).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}

fn absolute(dir: &Path) -> Result<PathBuf> {
    std::path::absolute(dir)
        .map_err(|error| Error::io(format!("failed to resolve `{}`", dir.display()), error))
}
