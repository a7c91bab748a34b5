//! A project with two databases, as the pages about other tools have it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nm_runtime::journal::Kind;

use crate::lab::{self, Lab, Said};
use crate::{executable, page, skip};

/// What `open(database)` is in the tests of a page in JavaScript.
pub const OPEN_IN_NODE: &str = r#"
const { execFileSync } = require("node:child_process");
function open(database) {
  const sql = (text) => execFileSync("sqlite3", [database, text]).toString().trim();
  return {
    orders: () => Number(sql("SELECT count(*) FROM orders")),
    takeOrder: () => sql("INSERT INTO orders VALUES ('tea')"),
  };
}
"#;

/// A suite that needs a fresh database to itself; it is told of in the file `told`.
pub const SUITE: &str = r#"#!/bin/sh -e
test "$(sqlite3 "$SHOP_DB" 'SELECT count(*) FROM orders')" = 0
sqlite3 "$SHOP_DB" "INSERT INTO orders VALUES ('tea')"
test "$(sqlite3 "$SHOP_DB" 'SELECT count(*) FROM orders')" = 1
echo "$0 $*" >>told
"#;

pub struct Shop {
    pub lab: Lab,
}

impl Shop {
    /// With what the page says that a database is; `None` without SQLite.
    pub fn of(page: &str) -> Option<Self> {
        if Command::new("sqlite3").arg("--version").output().is_err() {
            skip::because("no sqlite3");
            return None;
        }
        let pools = page::written_in("toml", page);
        assert_eq!(pools.len(), 1, "{page}: {pools:?}");
        let shop = Self { lab: Lab::new() };
        shop.write("name-manager.toml", &pools[0]);
        shop.write("schema.sql", "CREATE TABLE orders (what TEXT);\n");
        Some(shop)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.lab.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the page says of its pools.
    pub fn pools(&self) -> String {
        fs::read_to_string(self.lab.path().join("name-manager.toml")).unwrap()
    }

    pub fn script(&self, path: &str, text: &str) {
        let path = self.lab.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        executable::write(&path, text.as_bytes());
    }

    /// What suites have said of themselves, in order of their names.
    pub fn told(&self) -> Vec<String> {
        let told = fs::read_to_string(self.lab.path().join("told")).unwrap();
        let mut told: Vec<_> = told.lines().map(str::to_owned).collect();
        told.sort();
        told
    }

    /// So many leases, at most two at once, in one run; and nothing is left of it.
    #[track_caller]
    pub fn check(&self, expected: usize) {
        let mut events = self.lab.events("db");
        events.retain(|event| !event.holder.test.starts_with("cleanup after"));
        let runs: BTreeSet<_> = events.iter().map(|event| &event.holder.run).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        let (leases, most) = lab::leases(&events);
        assert_eq!(leases, expected, "{events:?}");
        assert!(most <= 2, "{events:?}");
        let inits = events.iter().filter(|event| event.kind == Kind::Init);
        let made: BTreeSet<_> = inits.clone().map(|event| &event.name).collect();
        // Each is told when it starts and when it is done.
        assert_eq!(inits.count(), 2 * made.len(), "{events:?}");
        self.nothing_is_left();
    }

    #[track_caller]
    pub fn nothing_is_left(&self) {
        let left = fs::read_dir(self.lab.path()).unwrap().flatten();
        let mut left = left.map(|entry| entry.path());
        let database = left.find(|path| path.extension() == Some("sqlite".as_ref()));
        assert_eq!(database, None);
    }

    /// Runs this with these programs in the path, too.
    pub fn run(&self, command: &str, programs: Option<&Path>) -> Said {
        let mut shell = apart(&self.lab);
        if let Some(programs) = programs {
            let path = shell.get_envs().find(|(key, _)| *key == "PATH");
            let mut path = path.unwrap().1.unwrap().to_owned();
            path.push(":");
            path.push(programs);
            shell.env("PATH", path);
        }
        shell.args(["sh", "-c", command]);
        shell.env("GOPROXY", "off").env("GOFLAGS", "-count=1"); // nothing from its cache of results
        Said::of(shell.output().unwrap())
    }
}

/// For a command so far below `cargo`, which has started this test, that the run is not its.
pub fn apart(lab: &Lab) -> Command {
    const APART: &str = r#""$@"; exit $?"#;
    let mut command = lab.program("sh");
    command.args(["-c", APART, "sh"]);
    for _ in 0..4 {
        command.args(["sh", "-c", APART, "sh"]);
    }
    command
}

/// The command of the page that has this in it.
#[track_caller]
pub fn command(page: &str, part: &str) -> String {
    let mut commands = page::written_in("", page).into_iter();
    let found = commands.find(|command| command.contains(part));
    found.unwrap_or_else(|| panic!("{page} has no command with {part:?}"))
}

/// A file of the repository.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
