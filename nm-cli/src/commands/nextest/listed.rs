use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Command, ExitCode, Stdio};

use crate::commands::nextest::arguments::Arguments;
use crate::commands::nextest::building::{Building, Built};
use crate::commands::nextest::generated::{Generated, fingerprint};
use crate::exit::{Failure, code};
use crate::listing::{Binaries, Build};
use crate::process::cargo;

/// What is built, as nextest describes it.
pub enum Listed {
    Build(Description),
    /// Cargo or nextest has reported why.
    Failed(ExitCode),
}

pub struct Description {
    pub build: Build,
    /// The same for nextest to read.
    text: String,
    /// Where a later run that builds the same finds it.
    file: String,
}

/// What nextest's description depends on beside the build.
pub struct Surroundings<'a> {
    pub generated: &'a Generated,
    /// nextest's configuration of the workspace.
    pub configuration: &'a str,
    /// What nextest says of its version.
    pub nextest: &'a str,
}

impl Listed {
    /// What is being built. Only of a build that was never described before is nextest asked:
    /// before it answers, it would start cargo and rustc.
    pub fn of(
        building: Option<Building>,
        arguments: &Arguments,
        around: &Surroundings<'_>,
    ) -> Result<Self, Failure> {
        let built = building.map(Building::finish).transpose()?;
        match built {
            Some(Built::Failed(code)) => Ok(Self::Failed(ExitCode::from(code))),
            Some(Built::NotBegun) => Self::ask(arguments, around, Told::ByCargo),
            None => Self::ask(arguments, around, Told::Nothing),
            Some(Built::Done(artifacts)) => {
                let file = artifacts.file(arguments, around.configuration, around.nextest);
                let text = around.generated.read(&file).unwrap_or_default();
                // What was left by an earlier version or only in part, is asked again.
                if let Ok(build) = serde_json::from_str::<Build>(&text)
                    && artifacts.are_those_of(&build)
                {
                    return Ok(Self::Build(Description { build, text, file }));
                }
                let mut listed = Self::ask(arguments, around, Told::OfSuccess)?;
                if let Self::Build(described) = &mut listed
                    && artifacts.are_those_of(&described.build)
                {
                    described.file = file;
                }
                Ok(listed)
            }
        }
    }

    fn ask(arguments: &Arguments, around: &Surroundings<'_>, told: Told) -> Result<Self, Failure> {
        let mut command = Command::new(cargo::program());
        command.args(["nextest", "list", "--message-format", "json"]);
        command.args(arguments.of_build());
        if arguments.value("--archive-file").is_some() {
            // Kept until its binaries have been asked.
            let dir = around.generated.extract_to()?;
            command.arg("--extract-to").arg(dir);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if told != Told::Nothing {
            command.stderr(Stdio::piped());
        }
        let failed = |what| Failure::new(code::FAILURE, what);
        let output = command
            .spawn()
            .and_then(|child| child.wait_with_output())
            .map_err(|error| failed("failed to run `cargo nextest list`").because(error))?;
        if !output.status.success() {
            if told == Told::OfSuccess {
                let _ = io::stderr().write_all(&output.stderr);
            }
            let code = output.status.code();
            let code = code.and_then(|code| u8::try_from(code).ok());
            return Ok(Self::Failed(ExitCode::from(code.unwrap_or(code::FAILURE))));
        }
        let read = || {
            let build = serde_json::from_slice(&output.stdout)?;
            let binaries: Binaries = serde_json::from_slice(&output.stdout)?;
            let text = serde_json::to_string(&binaries)?;
            let file = format!("binaries-{}.json", fingerprint(&text));
            Ok(Self::Build(Description { build, text, file }))
        };
        read().map_err(|error: serde_json::Error| {
            failed("failed to read what `cargo nextest list` printed").because(error)
        })
    }
}

impl Description {
    /// The file for nextest to read.
    pub fn write(&self, generated: &Generated) -> Result<OsString, Failure> {
        generated.write(&self.file, &self.text)
    }
}

/// What the user has been told of the build before nextest is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// That it is done: nextest would say so again, and is heard only if it fails.
    OfSuccess,
    /// Why cargo did not begin.
    ByCargo,
}
