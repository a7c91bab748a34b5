//! Which workspace a test belongs to, wherever it was started from.

use std::env;
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};

use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::base::text::shown;
use crate::config::document::Document;
use crate::config::manifest::{CARGO_FILE, Manifest, OWN_FILE};
use crate::declared::section;

/// The root of a Cargo workspace, or of a project in other languages, and what configures
/// its pools.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Manifest,
}

impl Workspace {
    /// The workspace of the package in `dir`: the nearest directory above whose
    /// `Cargo.toml` has a `[workspace]` that does not exclude the package, or the package
    /// itself. A `name-manager.toml` there or above makes it part of a larger project.
    pub(crate) fn of(dir: &Path) -> Result<Self> {
        let own = match Manifest::read(&dir.join(CARGO_FILE)) {
            Err(_) if is_project_only(dir) => return Self::read(&dir.join(OWN_FILE)),
            own => own?,
        };
        let cargo = Self::of_cargo(dir, &own)?;
        let (root, manifest) = match &cargo {
            Some(cargo) => (&*cargo.root, &cargo.manifest),
            None => (dir, &own),
        };
        // A member may be elsewhere than below the root.
        let is_below = dir.starts_with(root);
        let within = |above: &&Path| *above != root && (is_below || *above == dir);
        let in_member = dir
            .ancestors()
            .take_while(within)
            .map(|dir| dir.join(OWN_FILE))
            .find(|path| path.is_file());
        if let Some(path) = in_member {
            return Err(Error::config(format!(
                "`{}`: pools are configured once for the workspace; move it to `{}`",
                path.display(),
                root.display()
            )));
        }
        let project = project(root);
        if let Some(project) = &project {
            manifest.refuse_both(&project.join(OWN_FILE))?;
        }
        let project = project
            .map(|dir| Self::read(&dir.join(OWN_FILE)))
            .transpose()?;
        let Some(cargo) = cargo else {
            return Ok(project.unwrap_or(Self {
                root: dir.to_owned(),
                manifest: own,
            }));
        };
        let read = project.unwrap_or(cargo);
        own.refuse_pools_in_member(&read.manifest)?;
        Ok(read)
    }

    /// The workspace that this package is a member of; `None` if its own manifest is the
    /// workspace's, or there is none.
    fn of_cargo(dir: &Path, own: &Manifest) -> Result<Option<Self>> {
        if own.is_workspace() {
            return Ok(None);
        }
        if let Some(root) = own.workspace_pointer() {
            let root = dir.join(root);
            // Without `..`: all processes must spell the same directory the same way.
            let root = fs::canonicalize(&root).unwrap_or(root);
            return Self::read(&root.join(CARGO_FILE)).map(Some);
        }
        for above in dir.ancestors().skip(1) {
            let path = above.join(CARGO_FILE);
            if !path.is_file() {
                continue;
            }
            let found = Self::read(&path)?;
            if found.manifest.is_workspace() && !found.manifest.excludes(above, dir) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn read(path: &Path) -> Result<Self> {
        Ok(Self {
            root: path.parent().unwrap_or(path).to_owned(),
            manifest: Manifest::read(path)?,
        })
    }
}

/// Whether there is a project in this directory that is not Cargo's.
fn is_project_only(dir: &Path) -> bool {
    !dir.join(CARGO_FILE).is_file() && dir.join(OWN_FILE).is_file()
}

/// The nearest directory at or above this one that has a `name-manager.toml`. What is
/// outside of the git repository is about something else: a file that somebody left above
/// their checkouts must not make them one project.
fn project(dir: &Path) -> Option<PathBuf> {
    let within = within_repository(dir);
    let mut found = within.filter(|dir| dir.join(OWN_FILE).is_file());
    found.next().map(Path::to_owned)
}

/// This directory and those above it, up to the root of the git repository, if there is
/// one.
fn within_repository(dir: &Path) -> impl Iterator<Item = &Path> {
    let mut is_over = false;
    dir.ancestors()
        .take_while(move |dir| !mem::replace(&mut is_over, dir.join(".git").exists()))
}

/// The package that the running code belongs to, or the project if it is not Cargo's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    /// The one in this directory.
    In(PathBuf),
    /// It was compiled in this directory, which no longer exists.
    Gone(PathBuf),
    /// The code runs outside any package.
    None,
}

impl Package {
    /// Finds the package of code that was compiled in this directory.
    ///
    /// Cargo and nextest say at run time in which directory the package is, and a
    /// checkout may have been copied, archived, or share its target directory, so
    /// that the binary was compiled elsewhere: of two directories that hold the same
    /// package, the one at run time is right. A binary that another project's tests
    /// start inherits their directory, which holds another package.
    pub(crate) fn find(compiled: Option<&str>) -> Result<Self> {
        let has_manifest = |dir: &PathBuf| dir.join(CARGO_FILE).is_file();
        let compiled = compiled
            .or_else(|| section::tests().next().map(|test| test.manifest_dir))
            .map(PathBuf::from);
        let at_run_time = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        // A command is about the current directory.
        if caller::get().is_none() {
            let found = match (at_run_time.filter(has_manifest), compiled) {
                (Some(now), Some(then)) if now != then && has_manifest(&then) => {
                    let is_now = env::var_os("NEXTEST").is_some()
                        || package_name(&now) == package_name(&then);
                    Self::In(if is_now { now } else { then })
                }
                (Some(now), _) => Self::In(now),
                (None, Some(then)) if has_manifest(&then) => Self::In(then),
                (None, Some(then)) => Self::Gone(then),
                (None, None) => Self::None,
            };
            if found != Self::None {
                return Ok(found.out_of_target());
            }
        }
        let current = env::current_dir()
            .map_err(|error| Error::io("failed to find the current directory", error))?;
        let mut above = current.ancestors().map(Path::to_owned);
        let package = above.find(has_manifest);
        // The nearer of the two.
        let found = project(&current).max(package);
        Ok(found.map_or(Self::None, Self::In).out_of_target())
    }

    pub(crate) fn dir(&self) -> Option<&Path> {
        match self {
            Self::In(dir) => Some(dir),
            Self::Gone(_) | Self::None => None,
        }
    }

    /// A package that a test generated below the target directory (as trybuild does) is
    /// part of the workspace around it.
    fn out_of_target(self) -> Self {
        let Self::In(dir) = &self else {
            return self;
        };
        // Cargo does not tag a directory that was there before it, as a mounted one is.
        let is_target = |dir: &&Path| {
            let has = |file| dir.join(file).is_file();
            dir.file_name() == Some("target".as_ref())
                && (has("CACHEDIR.TAG") || has(".rustc_info.json"))
        };
        let Some(target) = dir.ancestors().skip(1).find(is_target) else {
            return self;
        };
        let mut around = target.ancestors().skip(1);
        match around.find(|dir| dir.join(CARGO_FILE).is_file()) {
            Some(around) => Self::In(around.to_owned()),
            None => self,
        }
    }
}

/// The name of the package in this directory; `None` if it says none.
fn package_name(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join(CARGO_FILE)).ok()?;
    let document = Document::parse(&text).ok()?;
    let package = document.get(document.root(), "package")?;
    let name = document.get(package, "name")?;
    name.as_str().map(str::to_owned)
}

/// The directory that all git worktrees of the repository around `inside` share;
/// `None` if there is no repository.
///
/// # Errors
///
/// If a `.git` file leads to a directory that does not exist, for example in a worktree
/// that is opened in a container: then it is unknown which others share it.
pub(crate) fn git_common_dir(inside: &Path) -> Result<Option<PathBuf>> {
    let mut above = inside.ancestors().map(|dir| dir.join(".git"));
    let Some(dot_git) = above.find(|path| path.exists()) else {
        return Ok(None);
    };
    if dot_git.is_dir() {
        return Ok(Some(dot_git));
    }
    let is_there = |dir: PathBuf| match dir.is_dir() {
        true => Ok(dir),
        false => Err(Error::config(format!(
            "`{}` leads to `{}`, which does not exist, so it is unknown which worktrees share the repository; make that directory reachable, or use another scope",
            dot_git.display(),
            dir.display()
        ))),
    };
    // In a worktree `.git` is a file, `gitdir: PATH`; that directory's file
    // `commondir` leads to the shared one (gitrepository-layout(5)).
    let pointer = fs::read_to_string(&dot_git)
        .map_err(|error| Error::io(format!("failed to read `{}`", dot_git.display()), error))?;
    let Some(git_dir) = pointer.strip_prefix("gitdir:") else {
        return Err(Error::config(format!(
            "`{}` contains \"{}\"; expected `gitdir: PATH`",
            dot_git.display(),
            shown(&pointer)
        )));
    };
    let around = dot_git.parent().unwrap_or(inside);
    let git_dir = is_there(around.join(git_dir.trim()))?;
    match fs::read_to_string(git_dir.join("commondir")) {
        Ok(common) => is_there(git_dir.join(common.trim())).map(Some),
        Err(_) => Ok(Some(git_dir)),
    }
}
