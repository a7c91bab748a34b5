use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nm_runtime::listing::{self, Test};

use crate::exit::{Failure, code};

/// The annotated tests of one binary; empty if it has none or does not know
/// name-manager.
pub fn ask(
    binary: &Path,
    package: Option<&Path>,
    libraries: &[PathBuf],
) -> Result<Vec<Test>, Failure> {
    let mut command = Command::new(binary);
    listing::ask(&mut command);
    let printed = run(command, package, libraries)?;
    Ok(listing::parse(&printed).collect())
}

/// The names of all tests of a binary, as nextest asks for them.
pub fn names(binary: &Path, package: &Path, libraries: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut command = Command::new(binary);
    command.args(["--list", "--format", "terse"]);
    let printed = run(command, Some(package), libraries)?;
    let name = |line: &str| {
        let test = line.strip_suffix(": test");
        test.or(line.strip_suffix(": benchmark")).map(str::to_owned)
    };
    Ok(printed.lines().filter_map(name).collect())
}

/// What a binary prints that is started as nextest starts it.
fn run(
    mut command: Command,
    package: Option<&Path>,
    libraries: &[PathBuf],
) -> Result<String, Failure> {
    if let Some(package) = package {
        // The configuration is that of the checkout in
        // which the tests will run, which may not be the one they were built in.
        command.current_dir(package);
        command.env("CARGO_MANIFEST_DIR", package);
        command.env("NEXTEST", "1");
    }
    let paths = env::var_os(LIBRARY_PATH).unwrap_or_default();
    let paths = libraries.iter().cloned().chain(env::split_paths(&paths));
    if let Ok(paths) = env::join_paths(paths) {
        command.env(LIBRARY_PATH, paths);
    }
    let binary = PathBuf::from(command.get_program());
    let failed = |what: String| {
        Failure::new(
            code::FAILURE,
            format!(
                "failed to list the annotated tests of `{}`{what}",
                binary.display()
            ),
        )
    };
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(String::new()).because(error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        return Err(failed(format!(
            " ({}){}{said}",
            output.status,
            if said.is_empty() { "" } else { ": " }
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the tests of procedural macros find the compiler's libraries.
const LIBRARY_PATH: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};
