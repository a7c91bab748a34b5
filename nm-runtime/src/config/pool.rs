//! The configuration of one pool, from the variables, `Cargo.toml` and the
//! attributes, in that order of precedence.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nm_words::key;

use crate::base::error::{Error, Result};
use crate::config::hooks::HooksTable;
use crate::config::manifest::PoolTable;
use crate::config::place::{self, Why};
use crate::config::scope::Scope;
use crate::config::server::Server;
use crate::config::variables::Variables;
use crate::config::workspace::Workspace;
use crate::declared::place::Place;
use crate::declared::section::{self, Entry};
use crate::declared::test::RequestSpec;
use crate::terms::names::Names;

/// The wait timeout unless configured.
pub(crate) const DEFAULT_WAIT: Duration = Duration::from_secs(600);

/// One pool, as configured.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) names: Names,
    /// From variables or `Cargo.toml`: overrides an attribute's.
    pub(crate) wait_timeout: Option<Duration>,
    pub(crate) env: Arc<[(String, String)]>,
    pub(crate) state_dir: PathBuf,
    /// Where its names are lent, if not by this machine alone. Its state directory is that of
    /// the agent there.
    pub(crate) server: Option<Server>,
    /// Where more could be said, `[workspace.metadata.name-manager.pools.db] in Cargo.toml`;
    /// `None` outside of any workspace.
    pub(crate) header: Option<String>,
    pub(crate) size_from: SizeFrom,
    /// Where other checkouts may have another configuration for the same pool: what
    /// says ours.
    pub(crate) shared_by: Option<String>,
    /// Hooks that are commands.
    pub(crate) hooks: Option<Arc<HooksTable>>,
}

/// Where a pool's names and their number come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SizeFrom {
    /// Variables and `Cargo.toml` alone.
    Configuration,
    /// The attribute at this place.
    Attribute(String),
    /// No source says all of it; attributes in other binaries may.
    Nowhere,
}

impl PoolConfig {
    /// Where the pool's files are.
    pub(crate) fn pool_dir(&self, pool: &str) -> PathBuf {
        match &self.server {
            Some(server) => place::of_server(&self.state_dir, &server.space, pool),
            None => place::pool_dir(&self.state_dir, pool),
        }
    }

    pub(crate) fn new(
        pool: &str,
        variables: &Variables,
        workspace: Option<&Workspace>,
    ) -> Result<Self> {
        let unconfigured = PoolTable::default();
        let configured = workspace.and_then(|workspace| workspace.manifest.pool(pool));
        let table = configured.unwrap_or(&unconfigured);
        let header = workspace.map(|workspace| workspace.manifest.header(pool));
        let (names, size_from) = names(pool, variables, table, header.as_deref())?;
        let (scope, why) = place::scope(pool, variables, configured, workspace)?;
        let wait_timeout = variables.wait_timeout(pool)?.or(table.wait_timeout);
        // A directory that a variable or the command line names is not looked at: each
        // process of a run would read there what the others said.
        let shared_by = match (why, &scope, workspace) {
            // A server refuses whoever configures a pool differently.
            (Why::Manifest(_), Scope::Workspace | Scope::Server, _) => None,
            (Why::Manifest(_), _, Some(workspace)) => {
                Some(workspace.manifest.path.display().to_string())
            }
            _ => None,
        };
        let server = match scope {
            Scope::Server => Some(Server::of(
                pool,
                table.space.as_deref(),
                variables,
                workspace,
            )?),
            _ => None,
        };
        Ok(Self {
            server,
            shared_by,
            hooks: table.hooks.clone().map(Arc::new),
            header,
            names,
            size_from,
            wait_timeout,
            env: table.env.as_slice().into(),
            state_dir: place::of_scope(pool, scope, variables, workspace)?,
        })
    }
}

/// What one source says of a pool's names.
struct Said {
    place: String,
    max: Option<u32>,
    names: Option<Vec<String>>,
    template: Option<String>,
}

pub(crate) fn names(
    pool: &str,
    variables: &Variables,
    table: &PoolTable,
    header: Option<&str>,
) -> Result<(Names, SizeFrom)> {
    let environment = Said {
        place: "the environment".to_owned(),
        max: variables.max(pool)?,
        names: variables.names(pool)?,
        template: variables.template(pool)?,
    };
    let manifest = Said {
        place: header.unwrap_or_default().to_owned(),
        max: table.max,
        names: table.names.clone(),
        template: table.template.clone(),
    };
    let mut above = Above::default();
    for said in [environment, manifest] {
        if let Some(names) = said.names {
            let names = above.list(pool, names, &said.place)?;
            return Ok((names, SizeFrom::Configuration));
        }
        let place = &said.place;
        let at = |max| (max, place.clone());
        above.max = above.max.or_else(|| said.max.map(at));
        let at = |template| (template, place.clone());
        above.template = above.template.or_else(|| said.template.map(at));
    }
    Ok(match declared(pool, above.max.is_some(), header)? {
        Some((Size::Names(names), place)) => {
            let names = names.iter().map(|name| name.to_string()).collect();
            (above.list(pool, names, &place)?, SizeFrom::Attribute(place))
        }
        Some((Size::Max(max), place)) => {
            (above.number(pool, Some(max)), SizeFrom::Attribute(place))
        }
        None if above.max.is_none() && key::is_across_processes(pool) => {
            (above.number(pool, Some(1)), SizeFrom::Configuration)
        }
        None => {
            let size_from = match above {
                Above {
                    max: Some(_),
                    template: Some(_),
                } => SizeFrom::Configuration,
                _ => SizeFrom::Nowhere,
            };
            let max = above.max.as_ref().map(|(max, _)| *max);
            (above.number(pool, max), size_from)
        }
    })
}

/// What the sources read so far say, and where. Each overrides those that follow.
#[derive(Default)]
struct Above {
    max: Option<(u32, String)>,
    template: Option<(String, String)>,
}

impl Above {
    /// A `max` from above is a limit on the list, whose names do not change.
    fn list(&self, pool: &str, mut names: Vec<String>, place: &str) -> Result<Names> {
        if let Some((template, above)) = &self.template {
            return Err(Error::config(format!(
                "pool `{pool}` has the template {template:?} from {above}, but `names = {names:?}` at {place}; keep one"
            )));
        }
        if let Some((max, above)) = &self.max {
            if *max as usize > names.len() {
                return Err(Error::config(format!(
                    "pool `{pool}` has `max = {max}` from {above}, but only `names = {names:?}` at {place}; lower `max` or list more names"
                )));
            }
            names.truncate(*max as usize);
        }
        Ok(Names::Listed(names))
    }

    fn number(self, pool: &str, max: Option<u32>) -> Names {
        let template = self.template.map(|(template, _)| template);
        Names::Numbered {
            template: template.unwrap_or_else(|| format!("{pool}-{}", Names::INDEX)),
            max,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Size {
    Max(u32),
    Names(Vec<&'static str>),
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Max(max) => write!(f, "max = {max}"),
            Self::Names(names) => write!(f, "names = {names:?}"),
        }
    }
}

/// What the attributes of this binary say about the pool's size; they must agree.
/// In a pool that is `limited` from above, only the names matter.
fn declared(pool: &str, limited: bool, header: Option<&str>) -> Result<Option<(Size, String)>> {
    let mut first: Option<(Size, Place)> = None;
    let mut before = "";
    for entry in section::entries() {
        let Entry::Test(test) = entry else {
            continue;
        };
        // Most tests of a binary make the same requests.
        if test.requests == before {
            continue;
        }
        before = test.requests;
        for request in test.requests() {
            if request.pool != pool {
                continue;
            }
            let size = match request {
                RequestSpec { max: Some(max), .. } if !limited => Size::Max(max),
                RequestSpec { names, .. } if !names.is_empty() => Size::Names(names),
                _ => continue,
            };
            let place = Place {
                file: test.file,
                line: request.line,
            };
            match &first {
                None => first = Some((size, place)),
                Some((known, _)) if *known == size => {}
                Some((known, there)) => {
                    return Err(disagree(
                        pool,
                        header,
                        [&known.to_string(), &there.to_string()],
                        [&size.to_string(), &place.to_string()],
                    ));
                }
            }
        }
    }
    Ok(first.map(|(size, place)| (size, place.to_string())))
}

/// The error when two say different things about one pool, each at its place.
pub(crate) fn disagree(
    pool: &str,
    header: Option<&str>,
    [one, one_place]: [&str; 2],
    [other, other_place]: [&str; 2],
) -> Error {
    let there = header.map_or(String::new(), |header| format!(", under {header}"));
    Error::config(format!(
        "pool `{pool}` has `{one}` at {one_place} but `{other}` at {other_place}; say it in one place{there}"
    ))
}
