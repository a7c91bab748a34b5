//! Which workspace a test belongs to, wherever it was started from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::base::caller;
use crate::base::error::{Error, Result};
use crate::config::manifest::Manifest;
use crate::declared::section;

/// The root of a Cargo workspace and what its `Cargo.toml` says.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Manifest,
}

impl Workspace {
    /// The workspace of the package in `manifest_dir`: the nearest directory
    /// above whose `Cargo.toml` has a `[workspace]` that does not exclude the
    /// package, or the package itself.
    pub(crate) fn of(manifest_dir: &Path) -> Result<Self> {
        let own_path = manifest_dir.join("Cargo.toml");
        let own = Manifest::read(&own_path)?;
        if own.is_workspace() {
            return Ok(Self::new(manifest_dir, own));
        }
        if let Some(root) = own.workspace_pointer() {
            let root = manifest_dir.join(root);
            // Without `..`: all processes must spell the same directory the same way.
            let root = fs::canonicalize(&root).unwrap_or(root);
            let path = root.join("Cargo.toml");
            let manifest = Manifest::read(&path)?;
            own.refuse_pools_in_member(&path)?;
            return Ok(Self::new(&root, manifest));
        }
        for above in manifest_dir.ancestors().skip(1) {
            let path = above.join("Cargo.toml");
            if !path.is_file() {
                continue;
            }
            let manifest = Manifest::read(&path)?;
            if manifest.is_workspace() && !manifest.excludes(above, manifest_dir) {
                own.refuse_pools_in_member(&path)?;
                return Ok(Self::new(above, manifest));
            }
        }
        Ok(Self::new(manifest_dir, own))
    }

    fn new(root: &Path, manifest: Manifest) -> Self {
        Self {
            root: root.to_owned(),
            manifest,
        }
    }
}

/// The package that the running code belongs to.
///
/// Under nextest, the directory that the runner names: in a run from an archive
/// the one known at compile time may not exist, or be another checkout.
/// Otherwise the one known at compile time, so that a binary started by hand
/// from anywhere finds its own workspace.
pub(crate) fn manifest_dir(compiled: Option<&str>) -> Result<Option<PathBuf>> {
    let has_manifest = |dir: &PathBuf| dir.join("Cargo.toml").is_file();
    let compiled = compiled
        .or_else(|| section::tests().next().map(|test| test.manifest_dir))
        .map(PathBuf::from);
    let at_run_time = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let candidates = match env::var_os("NEXTEST").is_some() {
        true => [at_run_time, compiled],
        false => [compiled, at_run_time],
    };
    let found = candidates.into_iter().flatten().find(has_manifest);
    // A command is about the current directory.
    if let (Some(found), None) = (found, caller::get()) {
        return Ok(Some(found));
    }
    let current = env::current_dir()
        .map_err(|error| Error::io("failed to find the current directory", error))?;
    Ok(current.ancestors().map(Path::to_owned).find(has_manifest))
}

/// The directory that all git worktrees of the repository around `inside` share.
pub(crate) fn git_common_dir(inside: &Path) -> Option<PathBuf> {
    let dot_git = inside
        .ancestors()
        .map(|dir| dir.join(".git"))
        .find(|path| path.exists())?;
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    // In a worktree `.git` is a file, `gitdir: PATH`; that directory's file
    // `commondir` leads to the shared one (gitrepository-layout(5)).
    let pointer = fs::read_to_string(&dot_git).ok()?;
    let git_dir = dot_git
        .parent()?
        .join(pointer.strip_prefix("gitdir:")?.trim());
    match fs::read_to_string(git_dir.join("commondir")) {
        Ok(common) => Some(git_dir.join(common.trim())),
        Err(_) => Some(git_dir),
    }
}
