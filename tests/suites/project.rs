//! A generated workspace.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::command::{Command, Finished};
use crate::history::History;
use crate::place;

/// A workspace at a fixed place, this process's own while it lives.
pub struct Project {
    root: PathBuf,
    _turn: File,
}

impl Project {
    /// Makes the directory contain these files and nothing else. A file that is
    /// as it should be is left alone, so that cargo builds nothing again.
    pub fn new(name: &str, files: &[(&str, String)]) -> Self {
        let root = place::base().join(name);
        let turn = File::create(root.with_extension("lock")).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "two runs of this test must not write the same workspace"
        )]
        turn.lock().unwrap();
        let files: BTreeMap<_, _> = files
            .iter()
            .map(|(path, text)| (root.join(path), text.as_str()))
            .collect();
        fs::create_dir_all(&root).unwrap();
        keep_only(&root, &files);
        for (path, text) in &files {
            write(path, text);
            if path.ends_with("Cargo.toml") {
                lock_versions(path.parent().unwrap());
            }
        }
        Self { root, _turn: turn }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file of the workspace anew.
    pub fn rewrite(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    /// Where a pool's state lives when nothing says otherwise.
    pub fn pool(&self, pool: &str) -> PathBuf {
        self.path(".name-manager/pools").join(pool)
    }

    /// Makes a pool as new. Nothing of it may be lent.
    pub fn forget(&self, pool: &str) {
        let dir = self.pool(pool);
        if dir.exists() {
            fs::remove_dir_all(dir).unwrap();
        }
    }

    pub fn history(&self, pool: &str) -> History {
        History::read(&self.pool(pool))
    }

    /// `cargo`, in the workspace's root.
    pub fn cargo(&self, args: &[&str]) -> Command {
        Command::cargo(&self.root).args(args)
    }

    /// Builds all tests and gives the path of this one: `tests/db.rs`.
    pub fn binary(&self, package: &str, source: &str) -> PathBuf {
        let built = self
            .cargo(&["test", "--no-run", "-p", package])
            .finish()
            .success();
        find_binary(&built, source)
    }

    /// As [`Project::binary`], of the package in this directory of a project that has
    /// several workspaces.
    pub fn binary_in(&self, dir: &str, source: &str) -> PathBuf {
        let built = Command::cargo(&self.path(dir)).args(&["test", "--no-run"]);
        find_binary(&built.finish().success(), source)
    }
}

pub fn find_binary(built: &Finished, source: &str) -> PathBuf {
    // `  Executable tests/db.rs (/target/debug/deps/db-0123456789abcdef)`
    let line = built
        .stderr
        .lines()
        .find(|line| line.contains("Executable") && line.contains(source));
    let path = line.and_then(|line| Some(line.rsplit_once('(')?.1.trim_end_matches(')')));
    PathBuf::from(path.unwrap_or_else(|| panic!("no test {source} was built:\n{built}")))
}

/// The versions that the repository was built with, so that none is looked up.
fn lock_versions(package: &Path) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    if ours.is_file() {
        fs::copy(ours, package.join("Cargo.lock")).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Removes all files below `dir` but these.
fn keep_only(dir: &Path, files: &BTreeMap<PathBuf, &str>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if files.contains_key(&path) {
            continue;
        }
        let is_dir = path.symlink_metadata().unwrap().is_dir();
        match files.keys().any(|file| file.starts_with(&path)) {
            true if is_dir => keep_only(&path, files),
            _ if is_dir => fs::remove_dir_all(&path).unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
    }
}

/// A package's `Cargo.toml`, with name-manager among its dependencies.
pub fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\nname-manager = {{ path = {:?} }}\n",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// The `Cargo.toml` of a package that is a workspace by itself.
pub fn alone(name: &str) -> String {
    format!("{}\n[workspace]\n", package(name))
}

/// The `Cargo.toml` of a workspace without a package of its own.
pub fn workspace(members: &[&str]) -> String {
    format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n")
}
