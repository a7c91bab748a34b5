//! The commands and the fixture of `docs/pytest.md`, with pytest and pytest-xdist.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use nm_runtime::journal::Kind;

use crate::lab::{self, Lab, Said};
use crate::{page, skip};

const PAGE: &str = "docs/pytest.md";

/// In place of the driver: it knows that nobody else can have what it connects to.
const DRIVER: &str = r#"
import subprocess

def connect(url):
    server, _, name = url.rpartition("/")
    assert server == "postgres://localhost"
    other = subprocess.run(["name-manager", "try-acquire", "db", "--name", name])
    assert other.returncode == 75, url
"#;

fn prepared() -> Option<Lab> {
    let found = Command::new("pytest")
        .args(["-n", "1", "--version"])
        .output();
    if !found.is_ok_and(|found| found.status.success()) {
        skip::because("no pytest with pytest-xdist");
        return None;
    }
    let lab = Lab::new();
    fs::write(lab.path().join("psycopg.py"), DRIVER).unwrap();
    Some(lab)
}

/// Runs it after what the page has one set.
fn run(lab: &Lab, command: &str) -> Said {
    let set = page::written_in("", PAGE).swap_remove(0);
    assert!(set.starts_with("export "), "{set}");
    lab.shell("sh", &format!("{set}\n{command}"))
}

#[test]
fn a_whole_run_of_pytest_has_one_database() {
    let Some(lab) = prepared() else { return };
    let test = "import os, psycopg\ndef test_it(): psycopg.connect(os.environ['DATABASE_URL'])\n";
    fs::write(lab.path().join("test_whole.py"), test).unwrap();
    let commands = page::written_in("", PAGE);
    assert_eq!(commands.len(), 2, "{commands:?}");
    let said = run(&lab, &commands[1]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("1 passed"), "{said:?}");
    let kinds: Vec<_> = lab.events("db").iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::Acquired, Kind::Released]);
}

#[test]
fn each_test_of_pytest_has_a_database() {
    let Some(lab) = prepared() else { return };
    let python = page::written_in("python", PAGE);
    assert_eq!(python.len(), 2, "{python:?}");
    fs::write(lab.path().join("conftest.py"), &python[0]).unwrap();
    assert!(python[1].contains("def test_users(db):"), "{}", python[1]);
    let mut tests = "import psycopg\n".to_owned();
    for number in 0..8 {
        tests += &python[1].replace("test_users", &format!("test_users_{number}"));
        tests += "\n";
    }
    fs::write(lab.path().join("test_users.py"), tests).unwrap();

    // Alone, and in a run that is given to it.
    for command in ["pytest -n 8", "name-manager run -- pytest -n 8"] {
        let before = lab.state().exists().then(|| lab.events("db").len());
        let said = run(&lab, command);
        assert_eq!(said.code, 0, "{command}: {said:?}");
        assert!(said.out.contains("8 passed"), "{command}: {said:?}");
        let events = lab.events("db").split_off(before.unwrap_or_default());
        let runs: BTreeSet<_> = events.iter().map(|event| &event.holder.run).collect();
        assert_eq!(runs.len(), 1, "{command}: {runs:?}");
        let (leases, most) = lab::leases(&events);
        assert_eq!(leases, 8, "{command}: {events:?}");
        assert!(most <= 2, "{command}: {events:?}");
        for shown in ["name-manager log --run last", "name-manager log --pool db"] {
            let shown = run(&lab, shown).answer();
            for number in 0..8 {
                let test = format!("test_users.py::test_users_{number}");
                assert!(shown.contains(&test), "{command}: {shown}");
            }
        }
    }
}
