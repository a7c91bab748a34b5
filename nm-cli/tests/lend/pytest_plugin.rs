//! The tests of the plugin for pytest, over the plugin as its users install it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{Lab, Said};
use crate::shop::{apart, source};
use crate::skip;

/// Installs the plugin below the lab. Returns where; `None` if there is no pytest with
/// pytest-xdist, or nothing to install it with.
pub fn install(lab: &Lab) -> Option<PathBuf> {
    let found = Command::new("pytest")
        .args(["-n", "1", "--version"])
        .output();
    if !found.is_ok_and(|found| found.status.success()) {
        skip::because("no pytest with pytest-xdist");
        return None;
    }
    // A copy, since a build leaves things beside the sources.
    let plugin = lab.path().join("plugin-source");
    copy(&source("integrations/pytest"), &plugin);
    let installed = lab.path().join("plugin");
    let pip = lab
        .program(&python())
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-build-isolation",
        ])
        .args(["--no-deps", "--root-user-action=ignore", "--target"])
        .args([&installed, &plugin])
        .output();
    let pip = pip.map(Said::of);
    fs::remove_dir_all(plugin).unwrap();
    match pip {
        Ok(said) if said.code == 0 => Some(installed),
        failed => {
            skip::because(&format!("no pip with setuptools for pytest: {failed:?}"));
            None
        }
    }
}

/// That of pytest: the first line of the script says which.
fn python() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut dirs = path.split(':').map(|dir| Path::new(dir).join("pytest"));
    let script = dirs.find_map(|script| fs::read_to_string(script).ok());
    let line = script.as_deref().and_then(|script| script.lines().next());
    let python = line.and_then(|line| line.strip_prefix("#!"));
    python.unwrap_or("python3").trim().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn the_tests_of_the_plugin_pass_over_the_installed_plugin() {
    let lab = Lab::new();
    let Some(installed) = install(&lab) else {
        return;
    };
    let tests = lab.path().join("tests");
    copy(&source("integrations/pytest/tests"), &tests);
    let mut pytest = apart(&lab);
    pytest
        .args(["pytest", "-p", "no:cacheprovider", "--basetemp"])
        .args([&lab.path().join("base"), &tests])
        .env("PYTHONPATH", &installed)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let said = Said::of(pytest.output().unwrap());
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains(" passed"), "{}", said.out);
}
