use std::process::{Child, Command, Stdio};

use crate::exit::{Failure, code};
use crate::process::cargo;

/// Priorities came with it; groups with 0.9.48, their slots with 0.9.90.
const LOWEST: [u64; 3] = [0, 9, 91];

/// A question on its way.
pub struct Asked(Child);

/// Asks nextest for its version.
pub fn ask() -> Result<Asked, Failure> {
    let mut command = Command::new(cargo::program());
    command.args(["nextest", "--version"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.stderr(Stdio::null()).spawn();
    child.map(Asked).map_err(|error| {
        Failure::new(code::FAILURE, "failed to start `cargo nextest`").because(error)
    })
}

impl Asked {
    /// Waits for the answer, checks it and returns it.
    pub fn check(self) -> Result<String, Failure> {
        let output = self.0.wait_with_output().map_err(|error| {
            Failure::new(code::FAILURE, "failed to ask nextest for its version").because(error)
        })?;
        if !output.status.success() {
            return Err(Failure::new(
                code::FAILURE,
                "`cargo nextest` is not installed; install it (`cargo install --locked cargo-nextest`), or use `name-manager test`",
            ));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        check(&said)?;
        Ok(said.into_owned())
    }
}

/// `cargo-nextest 0.9.143 (60fa45f63 2026-08-04)`, and more.
pub fn check(said: &str) -> Result<(), Failure> {
    let said = said.lines().next().unwrap_or_default();
    let found = said.split_whitespace().nth(1).unwrap_or_default();
    // A version that we cannot read is not older than those we know.
    let release = found.split(['-', '+']).next().unwrap_or_default();
    let numbers: Result<Vec<u64>, _> = release.split('.').map(str::parse).collect();
    match numbers {
        Ok(numbers) if numbers.as_slice() < LOWEST.as_slice() => {
            let [major, minor, patch] = LOWEST;
            Err(Failure::new(
                code::FAILURE,
                format!(
                    "cargo-nextest {found} is too old: it does not support test priorities; expected {major}.{minor}.{patch} or newer (`cargo install --locked cargo-nextest`)"
                ),
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_old_nextest_is_refused_by_its_number() {
        for good in [
            "cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\nrelease: 0.9.143",
            "cargo-nextest 0.9.91",
            "cargo-nextest 0.10.0-rc.1",
            "cargo-nextest 1.0.0",
            "something else",
        ] {
            check(good).unwrap();
        }
        for old in ["cargo-nextest 0.9.90", "cargo-nextest 0.9.48 (1 2)"] {
            let error = check(old).unwrap_err().to_string();
            assert!(error.contains("expected 0.9.91 or newer"), "{error}");
        }
    }
}
