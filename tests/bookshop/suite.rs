use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};
use tempfile::TempDir;

/// The bookshop's workspace, here or in a copy.
pub struct Suite {
    directory: PathBuf,
    /// Removed with the suite.
    _copy: Option<TempDir>,
}

const ATTRIBUTE: &str = "#[shared_resource(";
const IMPORT: &str = "use name_manager::shared_resource;";
const PARAMETER: &str = "(shop: Shop) -> Outcome {";

impl Suite {
    /// Takes the suite as it stands in `examples`.
    pub fn here() -> Suite {
        Suite {
            directory: Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bookshop"),
            _copy: None,
        }
    }

    /// Copies the suite and takes the attribute off: every test opens `shop-0` by itself.
    pub fn without_attribute(&self) -> Suite {
        let copy = TempDir::with_prefix_in("bookshop-", env!("CARGO_TARGET_TMPDIR")).unwrap();
        copy_tree(&self.directory, copy.path()).unwrap();
        let manifest = copy.path().join("Cargo.toml");
        // A version of its own: in the target directory that both share, cargo
        // would else take the programs of one for those of the other.
        replace(
            &manifest,
            r#"version = "0.1.0""#,
            r#"version = "0.1.0-unguarded""#,
        );
        replace(
            &manifest,
            r#""../..""#,
            &format!("'{}'", env!("CARGO_MANIFEST_DIR")),
        );
        for source in test_sources(copy.path()) {
            take_attribute_off(&source);
        }
        Suite {
            directory: copy.path().to_owned(),
            _copy: Some(copy),
        }
    }

    /// Returns its root directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns how many annotated tests there are.
    pub fn tests(&self) -> usize {
        let count = |source: PathBuf| {
            fs::read_to_string(source)
                .unwrap()
                .matches(ATTRIBUTE)
                .count()
        };
        test_sources(&self.directory).into_iter().map(count).sum()
    }

    /// `cargo test` without running anything.
    pub fn build(&self) -> Command {
        let mut command = self.cargo(&["test"]);
        command.arg("--no-run");
        command
    }

    /// `cargo test` with so many threads, to the end.
    pub fn cargo_test(&self, threads: usize) -> Command {
        let mut command = self.cargo(&["test"]);
        command
            .args(["--no-fail-fast", "--"])
            .arg(format!("--test-threads={threads}"));
        command
    }

    /// `cargo nextest run`, to the end.
    pub fn nextest(&self) -> Command {
        let mut command = self.cargo(&["nextest", "run"]);
        command.arg("--no-fail-fast");
        command
    }

    fn cargo(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command
            .args(subcommand)
            .arg("--workspace")
            .arg("--manifest-path")
            .arg(self.directory.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target_directory())
            .env("CARGO_TERM_COLOR", "never");
        // The suite's run is its own, whatever run this test belongs to.
        for (key, _) in env::vars_os() {
            let key = key.to_string_lossy();
            if key.starts_with("NEXTEST") || key.starts_with("NAME_MANAGER_") {
                command.env_remove(&*key);
            }
        }
        command
    }
}

/// Returns whether `cargo nextest` can be run here.
pub fn has_nextest() -> bool {
    let version = Command::new(cargo())
        .args(["nextest", "--version"])
        .output();
    version.is_ok_and(|output| output.status.success())
}

fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The one that `cargo run --example bookshop` uses: SQLite takes its time to build.
fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bookshop")
}

fn test_sources(workspace: &Path) -> Vec<PathBuf> {
    [
        "catalog/tests/schema.rs",
        "catalog/tests/shelves.rs",
        "orders/tests/orders.rs",
    ]
    .map(|source| workspace.join(source))
    .to_vec()
}

fn take_attribute_off(source: &Path) {
    let annotated = fs::read_to_string(source).unwrap();
    let bare: String = annotated
        .lines()
        .filter(|line| !line.starts_with(ATTRIBUTE) && *line != IMPORT)
        .map(|line| {
            line.replace(
                PARAMETER,
                "() -> Outcome {\n    let shop = Shop::open(\"shop-0\")?;",
            ) + "\n"
        })
        .collect();
    assert_eq!(
        bare.matches("Shop::open").count(),
        annotated.matches(ATTRIBUTE).count(),
        "tests in {} are not written `{PARAMETER}`",
        source.display(),
    );
    fs::write(source, bare).unwrap();
}

fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(
        text.matches(old).count(),
        1,
        "`{old}` in {}",
        file.display()
    );
    fs::write(file, text.replace(old, new)).unwrap();
}

/// Copies what a user would copy: no programs, databases or state.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), to.join(&name))?;
        } else if name != "target" && !name.to_string_lossy().starts_with('.') {
            copy_tree(&entry.path(), &to.join(&name))?;
        }
    }
    Ok(())
}
