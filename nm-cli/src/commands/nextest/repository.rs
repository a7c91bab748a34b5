use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::commands::nextest::arguments::Arguments;
use crate::commands::nextest::block::Document;
use crate::exit::{Failure, Outcome, code};
use crate::process::cargo;
use crate::screen::difference::difference;
use crate::screen::{stderr, stdout};

/// The workspace, and its own nextest configuration.
pub struct Repository {
    pub root: PathBuf,
    config: PathBuf,
    /// Empty when there is none.
    pub text: String,
}

impl Repository {
    pub fn find(arguments: &Arguments) -> Result<Self, Failure> {
        let root = match arguments.value("--workspace-remap") {
            Some(root) => absolute(&root)?,
            None => located(arguments)?,
        };
        let config = match arguments.value("--config-file") {
            Some(file) => absolute(&file)?,
            None => root.join(".config").join("nextest.toml"),
        };
        let text = match fs::read_to_string(&config) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let what = format!("failed to read `{}`", config.display());
                return Err(Failure::new(code::USAGE, what).because(error));
            }
        };
        Ok(Self { root, config, text })
    }

    fn document(&self) -> Result<Document<'_>, Failure> {
        Document::parse(&self.text, &self.config.display().to_string())
    }

    /// The configuration without our block, if it has one. One that cannot be read is
    /// left to nextest, which reports it.
    pub fn without_block(&self) -> Option<String> {
        let document = self.document().ok()?;
        document.has_block().then(|| document.without_block())
    }

    /// Puts this into the block, and leaves the rest as it is.
    pub fn write(&self, block: &str) -> Outcome {
        let text = self.with_block(block)?;
        if text == self.text {
            return Ok(ExitCode::SUCCESS);
        }
        let failed = |error| {
            let what = format!("failed to write `{}`", self.config.display());
            Failure::new(code::FAILURE, what).because(error)
        };
        if let Some(dir) = self.config.parent() {
            fs::create_dir_all(dir).map_err(failed)?;
        }
        fs::write(&self.config, text).map_err(failed)?;
        stderr::warn(&format!("wrote `{}`", self.config.display()));
        Ok(ExitCode::SUCCESS)
    }

    /// Fails when writing would change anything.
    pub fn check(&self, block: &str) -> Outcome {
        let text = self.with_block(block)?;
        if text == self.text {
            return Ok(ExitCode::SUCCESS);
        }
        stdout::answer(&difference(&self.text, &text))?;
        Err(Failure::new(
            code::FAILURE,
            format!(
                "the groups in `{}` do not match the tests' attributes; `name-manager nextest --write` updates them",
                self.config.display()
            ),
        )
        .into())
    }

    /// Whether a block can be put into it.
    pub fn validate(&self) -> Result<(), Failure> {
        self.is_toml(&self.document()?.without_block(), "; fix that first")
    }

    fn with_block(&self, block: &str) -> Result<String, Failure> {
        let text = self.document()?.with_block(block);
        self.is_toml(
            &text,
            ": the file conflicts with the groups to be added; write `[[profile.default.overrides]]` and `[test-groups.NAME]` as tables, and leave names that begin with `name-manager-` to name-manager",
        )?;
        Ok(text)
    }

    fn is_toml(&self, text: &str, hint: &str) -> Result<(), Failure> {
        let Err(error) = toml::de::DeTable::parse(text) else {
            return Ok(());
        };
        let before = error.span().map_or("", |span| &text[..span.start]);
        let line = before.matches('\n').count() + 1;
        let file = self.config.display();
        let text = format!("{file}:{line}: {}{hint}", error.message());
        Err(Failure::new(code::USAGE, text))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        let what = format!("failed to resolve `{}`", path.display());
        Failure::new(code::USAGE, what).because(error)
    })
}

/// The workspace that cargo finds; the current directory if it finds none, as in a
/// run from an archive.
fn located(arguments: &Arguments) -> Result<PathBuf, Failure> {
    let mut command = Command::new(cargo::program());
    command.args(["locate-project", "--workspace", "--message-format", "plain"]);
    if let Some(manifest) = arguments.value("--manifest-path") {
        command.arg("--manifest-path").arg(manifest);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.map_err(|error| {
        Failure::new(code::FAILURE, "failed to run `cargo locate-project`").because(error)
    })?;
    let manifest = String::from_utf8_lossy(&output.stdout);
    match Path::new(manifest.trim_end()).parent() {
        Some(root) if output.status.success() => Ok(root.to_owned()),
        _ => env::current_dir().map_err(|error| {
            Failure::new(code::FAILURE, "failed to find the current directory").because(error)
        }),
    }
}
