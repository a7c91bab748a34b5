//! What the compiler says about each mistake in `tests/ui`, word for word.
//!
//! The files are compiled as tests, all in one run of Cargo: trybuild would build
//! them as programs, in which rustc throws `#[test]` functions away before it
//! could complain about them a second time. `UPDATE_EXPECT=1` writes what is said
//! into the `.stderr` files; rustc's own words are those of 1.95.

use expect_test::expect_file;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn each_mistake_is_one_error_where_it_was_made() {
    let cases = cases();
    let package = package(&cases);
    let said = check(&package);
    for case in &cases {
        let said = said.get(&file_name(case)).cloned().unwrap_or_default();
        let stderr = case.with_extension("stderr");
        if said.is_empty() {
            assert!(!stderr.exists(), "{} compiles", case.display());
            let accepted = file_name(case).starts_with("accepted-");
            assert!(accepted, "{} compiles", case.display());
        } else {
            expect_file![stderr].assert_eq(&said);
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut cases: Vec<PathBuf> = fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    cases
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// A package that has each case as an integration test.
fn package(cases: &[PathBuf]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = fs::remove_dir_all(package.join("tests"));
    fs::create_dir_all(package.join("src")).unwrap();
    fs::create_dir_all(package.join("tests/other")).unwrap();
    fs::write(package.join("src/lib.rs"), "").unwrap();
    fs::write(package.join("tests/other/mod.rs"), "").unwrap();
    let drop_in = root.join("nm-serial-test");
    let manifest = format!(
        r#"
        [package]
        name = "ui"
        edition = "2024"

        [workspace]

        [dev-dependencies]
        name-manager = {{ path = {root:?} }}
        serial_test = {{ package = "nm-serial-test", path = {drop_in:?} }}
        rstest = {{ version = "*", default-features = false }}
        tokio = {{ version = "*", default-features = false, features = ["macros", "rt"] }}
        "#
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The same dependencies as here, without asking a registry.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    for case in cases {
        fs::copy(case, package.join("tests").join(file_name(case))).unwrap();
    }
    package
}

/// What is said about each file.
fn check(package: &Path) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--tests", "--keep-going", "--offline", "--quiet"])
        .args(["--color", "never"])
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let stderr: String = stderr
        .lines()
        .filter(|line| !is_summary(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for message in stderr.split("\n\n").map(str::trim_end) {
        let Some((_, place)) = message.split_once("--> tests/") else {
            assert!(message.is_empty(), "{message}\n\n{stderr}");
            continue;
        };
        let (file, _) = place.split_once(':').unwrap();
        let text = said.entry(file.to_owned()).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(without_our_sources(message.trim_start_matches('\n')).as_str());
    }
    said
}

/// Cargo tells of other files while rustc tells of one.
fn is_summary(line: &str) -> bool {
    line.starts_with("error: could not compile `ui`")
        || line.starts_with("For more information about this error, try")
        || line.starts_with("Some errors have detailed explanations")
        || line.starts_with("warning: build failed, waiting for other jobs")
}

/// Notes that show lines of this project would change with them.
fn without_our_sources(message: &str) -> String {
    let lines: Vec<&str> = message.lines().collect();
    let ours = lines
        .iter()
        .position(|line| line.contains(concat!("--> ", env!("CARGO_MANIFEST_DIR"))));
    let end = ours.map_or(lines.len(), |heading| heading - 1);
    lines[..end]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}
