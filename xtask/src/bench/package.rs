use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::peer::{self, Peer};
use crate::build;
use crate::result::Result;

/// A package such as users have, with dev-dependencies.
pub struct Package {
    root: PathBuf,
}

impl Package {
    /// With nothing in it but the dependencies. Their versions are the
    /// repository's own, so that none is looked up.
    pub fn of_users(name: &str, dependencies: &[Peer]) -> Result<Self> {
        let has_peers = dependencies.iter().any(|peer| !peer.is_ours());
        let locked = match has_peers {
            true => peer::lock_file(),
            false => peer::repository().join("Cargo.lock"),
        };
        let lines: Vec<_> = dependencies.iter().map(|peer| peer.in_manifest()).collect();
        Self::with(name, &lines.join("\n"), &locked)
    }

    /// With what name-manager's packages depend on, without them.
    pub fn of_our_dependencies(name: &str) -> Result<Self> {
        let mut metadata = Command::new("cargo");
        metadata.args(["metadata", "--no-deps", "--offline", "--format-version=1"]);
        let output = metadata.current_dir(peer::repository()).output()?;
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array().ok_or("no packages")?;
        let ours = |package: &&Value| {
            let name = package["name"].as_str();
            [Some("nm-macros"), Some("nm-os"), Some("nm-runtime")].contains(&name)
        };
        let dependencies = packages
            .iter()
            .filter(ours)
            .flat_map(|package| package["dependencies"].as_array())
            .flatten()
            .filter(|dependency| dependency["kind"].is_null() && dependency["path"].is_null());
        // Those of one system have a table of their own, after those of all.
        let mut tables: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for dependency in dependencies {
            let name = dependency["name"].to_string();
            let line = format!(
                "{name} = {{ version = {}, default-features = {}, features = {} }}",
                dependency["req"], dependency["uses_default_features"], dependency["features"]
            );
            let table = tables.entry(dependency["target"].as_str()).or_default();
            table.insert(name, line);
        }
        let mut lines = Vec::new();
        for (system, table) in tables {
            lines.extend(system.map(|it| format!("[target.'{it}'.dev-dependencies]")));
            lines.extend(table.into_values());
        }
        let locked = peer::repository().join("Cargo.lock");
        Self::with(name, &lines.join("\n"), &locked)
    }

    fn with(name: &str, dependencies: &str, locked: &Path) -> Result<Self> {
        let package = Self {
            root: peer::target().join("packages").join(name),
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dev-dependencies]\n{dependencies}\n"
        );
        package.write("Cargo.toml", &manifest)?;
        package.write("src/lib.rs", "")?;
        fs::copy(locked, package.lock_file())?;
        // What is measured looks nothing up, and loads nothing down.
        let mut fetch = package.cargo();
        fetch.env_remove("CARGO_NET_OFFLINE");
        build::succeed(fetch.args(["fetch", "--quiet", "--target", "host-tuple"]))?;
        Ok(package)
    }

    /// Only what changed, so that nothing else is built again.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root.join(path);
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        Ok(fs::write(path, text)?)
    }

    /// Cargo, as a user of the package calls it, with a target directory of its own.
    pub fn cargo(&self) -> Command {
        self.command(Path::new("cargo"))
    }

    /// The same with another program that may call cargo.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = limited(program);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("RUST_TEST_THREADS")
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null());
        command
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// How many packages are built for it on this system, its own left out.
    pub fn crates(&self) -> Result<usize> {
        let mut cargo = self.cargo();
        cargo.args(["tree", "--edges", "normal,build,dev", "--prefix", "none"]);
        let output = cargo.output()?;
        if !output.status.success() {
            return Err(format!("{cargo:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let text = String::from_utf8(output.stdout)?;
        let mut packages: Vec<_> = text
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .collect();
        packages.sort();
        packages.dedup();
        Ok(packages.len() - 1)
    }

    /// Of the `Cargo.lock` that cargo makes of the dependencies, for all systems.
    pub fn lock_lines(&self) -> Result<usize> {
        Ok(fs::read_to_string(self.lock_file())?.lines().count())
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("Cargo.lock")
    }
}

/// A program that is ended when it takes ten minutes.
pub fn limited(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--foreground", "600"]).arg(program);
    command
}
