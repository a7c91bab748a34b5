use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bench::Result;
use crate::bench::peer::{self, Peer};

/// A package such as users have, with dev-dependencies.
pub struct Package {
    root: PathBuf,
}

impl Package {
    /// With nothing in it but the dependencies. Their versions are the
    /// repository's own, so that none is looked up.
    pub fn of_users(name: &str, dependencies: &[Peer]) -> Result<Self> {
        let root = peer::target().join("packages").join(name);
        let mut manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[dev-dependencies]\n"
        );
        for dependency in dependencies {
            writeln!(manifest, "{}", dependency.in_manifest())?;
        }
        let package = Self { root };
        package.write("Cargo.toml", &manifest)?;
        package.write("src/lib.rs", "")?;
        let has_peers = dependencies
            .iter()
            .any(|&dependency| dependency != peer::OURS);
        let locked = match has_peers {
            true => peer::lock_file(),
            false => peer::repository().join("Cargo.lock"),
        };
        fs::copy(locked, package.lock_file())?;
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
