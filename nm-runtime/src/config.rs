//! What one pool is, from the variables, `Cargo.toml` and the attributes, in
//! that order of precedence.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::manifest::{PoolTable, Scope, check_template};
use crate::names::Names;
use crate::registry::{RequestSpec, TestSpec};
use crate::variables::Variables;
use crate::workspace::{Workspace, git_common_dir};

const DEFAULT_WAIT: Duration = Duration::from_secs(600);

/// One pool, as configured.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) names: Names,
    pub(crate) wait_timeout: Duration,
    pub(crate) env: Arc<[(String, String)]>,
    pub(crate) state_dir: PathBuf,
    pub(crate) size_from: SizeFrom,
}

/// Where a pool's size comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SizeFrom {
    /// A variable or `Cargo.toml`.
    Configuration,
    /// The attribute at this place.
    Attribute(String),
    Nowhere,
}

impl PoolConfig {
    pub(crate) fn new(
        pool: &str,
        variables: &Variables,
        workspace: Option<&Workspace>,
        tests: &[TestSpec],
    ) -> Result<Self> {
        let unconfigured = PoolTable::default();
        let table = workspace.and_then(|workspace| workspace.manifest.pool(pool));
        let table = table.unwrap_or(&unconfigured);
        let (names, size_from) = names(pool, variables, table, tests)?;
        let wait_timeout = variables.wait_timeout(pool)?.or(table.wait_timeout);
        let mut env = table.env.clone();
        env.sort();
        Ok(Self {
            names,
            size_from,
            wait_timeout: wait_timeout.unwrap_or(DEFAULT_WAIT),
            env: env.into(),
            state_dir: state_dir(pool, variables, table, workspace)?,
        })
    }
}

fn names(
    pool: &str,
    variables: &Variables,
    table: &PoolTable,
    tests: &[TestSpec],
) -> Result<(Names, SizeFrom)> {
    if let Some(names) = variables.names(pool)? {
        return Ok((Names::Listed(names), SizeFrom::Configuration));
    }
    let template = match variables.template(pool) {
        Some((place, template)) => {
            check_template(template).map_err(|error| Error::config(format!("{place}: {error}")))?;
            Some(template.to_owned())
        }
        None => table.template.clone(),
    };
    let numbered = |max| Names::Numbered {
        template: template
            .clone()
            .unwrap_or_else(|| format!("{pool}-{}", Names::INDEX)),
        max,
    };
    if let Some(max) = variables.max(pool)? {
        return Ok((numbered(Some(max)), SizeFrom::Configuration));
    }
    if let Some(names) = &table.names {
        return Ok((Names::Listed(names.clone()), SizeFrom::Configuration));
    }
    if let Some(max) = table.max {
        return Ok((numbered(Some(max)), SizeFrom::Configuration));
    }
    Ok(match declared(pool, tests)? {
        Some((Size::Names(names), place)) => {
            let names = names.iter().map(|name| name.to_string()).collect();
            (Names::Listed(names), SizeFrom::Attribute(place))
        }
        Some((Size::Max(max), place)) => (numbered(Some(max)), SizeFrom::Attribute(place)),
        None => (numbered(None), SizeFrom::Nowhere),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Max(u32),
    Names(&'static [&'static str]),
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Max(max) => write!(f, "max = {max}"),
            Self::Names(names) => write!(f, "names = {names:?}"),
        }
    }
}

/// What the attributes of this binary say of the pool's size; they must agree.
fn declared(pool: &str, tests: &[TestSpec]) -> Result<Option<(Size, String)>> {
    let mut first: Option<(Size, String)> = None;
    for (test, request) in requests(tests).filter(|(_, request)| request.pool == pool) {
        let size = match request {
            RequestSpec { max: Some(max), .. } => Size::Max(*max),
            RequestSpec { names, .. } if !names.is_empty() => Size::Names(names),
            _ => continue,
        };
        let place = format!("{}:{}", test.file, request.line);
        match &first {
            None => first = Some((size, place)),
            Some((known, _)) if *known == size => {}
            Some((known, there)) => {
                return Err(disagree(
                    pool,
                    &known.to_string(),
                    there,
                    &size.to_string(),
                    &place,
                ));
            }
        }
    }
    Ok(first)
}

fn requests(tests: &[TestSpec]) -> impl Iterator<Item = (&TestSpec, &RequestSpec)> {
    tests
        .iter()
        .flat_map(|test| test.requests.iter().map(move |request| (test, request)))
}

/// Two places say different things of one pool.
pub(crate) fn disagree(
    pool: &str,
    one: &str,
    one_place: &str,
    other: &str,
    other_place: &str,
) -> Error {
    Error::config(format!(
        "pool `{pool}` has `{one}` at {one_place} but `{other}` at {other_place}; say it once, under [workspace.metadata.name-manager.pools.{pool}] in Cargo.toml"
    ))
}

const STATE_DIR: &str = ".name-manager";
const SHARED_STATE_DIR: &str = "name-manager";

fn state_dir(
    pool: &str,
    variables: &Variables,
    table: &PoolTable,
    workspace: Option<&Workspace>,
) -> Result<PathBuf> {
    if let Some(dir) = variables.dir(pool) {
        return absolute(&dir);
    }
    let scope = match variables.scope(pool) {
        Some((place, scope)) => {
            Scope::parse(scope).map_err(|error| Error::config(format!("{place}: {error}")))?
        }
        None => table.scope.clone().unwrap_or(Scope::Workspace),
    };
    let root = || match workspace {
        Some(workspace) => Ok(workspace.root.as_path()),
        None => Err(Error::config(format!(
            "found no Cargo.toml for pool `{pool}`, neither where the tests were compiled nor above the current directory; set NAME_MANAGER_DIR or NAME_MANAGER_SCOPE=user"
        ))),
    };
    match scope {
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
