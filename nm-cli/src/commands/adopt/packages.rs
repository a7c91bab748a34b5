//! The packages of a workspace that depend on serial_test, and their sources.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::exit::{Failure, code};
use crate::process::cargo;

#[derive(Deserialize)]
pub struct Workspace {
    pub workspace_root: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    rename: Option<String>,
}

impl Workspace {
    /// The one around the current directory.
    pub fn read() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut command = Command::new(cargo::program());
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = command.stderr(Stdio::inherit()).output().map_err(|error| {
            Failure::new(code::NOT_FOUND, "failed to run `cargo metadata`").because(error)
        })?;
        if !output.status.success() {
            return Err(Failure::new(
                code::USAGE,
                "`cargo metadata` failed, so there is no workspace to read",
            )
            .into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Those that know serial_test by this name.
    pub fn users(&self) -> impl Iterator<Item = &Package> {
        let known = |on: &Dependency| {
            let is_it = matches!(&*on.name, "serial_test" | "nm-serial-test");
            is_it && on.rename.as_ref().unwrap_or(&on.name) == "serial_test"
        };
        self.packages
            .iter()
            .filter(move |package| package.dependencies.iter().any(known))
    }
}

impl Package {
    /// Its files with Rust.
    pub fn sources(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut dirs: Vec<PathBuf> = self
            .manifest_path
            .parent()
            .map(Path::to_owned)
            .into_iter()
            .collect();
        while let Some(dir) = dirs.pop() {
            let is_another =
                dir.join("Cargo.toml") != self.manifest_path && dir.join("Cargo.toml").is_file();
            if is_another {
                continue;
            }
            for entry in fs::read_dir(&dir)? {
                let entry = entry?;
                let (path, name) = (entry.path(), entry.file_name());
                match entry.file_type()? {
                    kind if kind.is_dir()
                        && name != "target"
                        && !name.to_string_lossy().starts_with('.') =>
                    {
                        dirs.push(path);
                    }
                    kind if kind.is_file() && path.extension().is_some_and(|end| end == "rs") => {
                        found.push(path)
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }
}
