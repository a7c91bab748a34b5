use std::env;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::commands::nextest::arguments::Arguments;
use crate::commands::nextest::generated::fingerprint;
use crate::exit::{Failure, code};
use crate::listing::Build;
use crate::process::cargo;

/// What nextest exits with if the tests cannot be built.
const NOT_BUILT: u8 = 101;

/// Cargo, building the tests as nextest would have it do.
pub struct Building(Option<Child>);

/// How that ended.
pub enum Built {
    Done(Artifacts),
    /// Cargo has reported why; with nextest's exit code for it.
    Failed(u8),
    /// Cargo has reported why it did not begin. What that means, nextest says.
    NotBegun,
}

/// Everything that was built, or was there already.
pub struct Artifacts {
    /// In an order of their own: cargo's depends on which of them is done first.
    messages: Vec<String>,
    /// The test binaries.
    tests: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    success: Option<bool>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Building {
    /// `None` if only nextest knows what these arguments build.
    pub fn start(arguments: &Arguments) -> Result<Option<Self>, Failure> {
        let (Some(of_cargo), Some(_)) = (arguments.of_cargo(), arguments.without_build()) else {
            return Ok(None);
        };
        let mut command = Command::new(cargo::program());
        command.args(["test", "--no-run"]);
        command.args(["--message-format", "json-render-diagnostics"]);
        command.args(of_cargo);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn();
        child.map(|child| Some(Self(Some(child)))).map_err(failed)
    }

    pub fn finish(mut self) -> Result<Built, Failure> {
        let Some(child) = self.0.take() else {
            return Ok(Built::NotBegun);
        };
        let output = child.wait_with_output().map_err(failed)?;
        let mut artifacts = Artifacts {
            messages: Vec::new(),
            tests: Vec::new(),
        };
        let mut has_ended = None;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(message) = serde_json::from_str::<Message>(line) else {
                continue;
            };
            if message.reason == "build-finished" {
                has_ended = message.success;
            }
            if message.profile.is_some_and(|profile| profile.test) {
                artifacts.tests.extend(message.executable);
            }
            // Whether it had to be built is no part of what it is.
            let line = line.replace("\"fresh\":true", "\"fresh\":false");
            artifacts.messages.push(line);
        }
        artifacts.messages.sort();
        artifacts.tests.sort();
        Ok(match (has_ended, output.status.code()) {
            (Some(true), Some(0)) => Built::Done(artifacts),
            (Some(false), Some(_)) => Built::Failed(NOT_BUILT),
            (_, Some(_)) => Built::NotBegun,
            (_, None) => Built::Failed(code::FAILURE),
        })
    }
}

/// Nobody needs what it would build.
impl Drop for Building {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Artifacts {
    /// The name of the file in which nextest's description of them is kept. It changes with
    /// all that nextest makes it of: them, its arguments, its own configuration (a binary may
    /// be excluded there), its version, and variables.
    pub fn file(&self, arguments: &Arguments, configuration: &str, nextest: &str) -> String {
        let is_read = |key: &str| {
            let mut prefixes = ["CARGO", "NEXTEST", "RUST"].iter();
            prefixes.any(|prefix| key.starts_with(prefix))
        };
        let mut variables: Vec<_> = env::vars_os()
            .filter(|(key, _)| key.to_str().is_none_or(is_read))
            .collect();
        variables.sort();
        let all = fingerprint((
            env!("CARGO_PKG_VERSION"),
            nextest,
            env::current_dir().ok(),
            arguments.of_build(),
            configuration,
            variables,
            &self.messages,
        ));
        format!("build-{all}.json")
    }

    /// Whether this describes them, and nothing that has changed since cargo looked.
    pub fn are_those_of(&self, build: &Build) -> bool {
        let mut described = build.binaries();
        described.sort();
        described == self.tests && build.has_compiler()
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(code::FAILURE, "failed to run `cargo test --no-run`").because(error)
}
