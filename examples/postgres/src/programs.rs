//! PostgreSQL's programs on this machine.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// How to get what is missing.
pub const HOW_TO_INSTALL: &str = "install PostgreSQL 13 or later (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`), or set POSTGRES_BIN to the directory of `initdb` and `pg_ctl`";

/// The directory of `initdb` and `pg_ctl`: what `POSTGRES_BIN` says, else in
/// `PATH`, else where Debian and Homebrew put the latest version.
pub fn find() -> Option<PathBuf> {
    let has_all = |dir: &PathBuf| dir.join("initdb").is_file() && dir.join("pg_ctl").is_file();
    if let Some(dir) = env::var_os("POSTGRES_BIN") {
        return Some(PathBuf::from(dir)).filter(has_all);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut installed = versions(Path::new("/usr/lib/postgresql"));
    installed.extend(versions(Path::new("/opt/homebrew/opt")));
    env::split_paths(&path).chain(installed).find(has_all)
}

/// The `bin` of each version in there, the latest first.
fn versions(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let number = |name: &str| -> Option<u32> {
        let digits = name.strip_prefix("postgresql@").unwrap_or(name);
        digits.parse().ok()
    };
    let mut found: Vec<_> = names
        .filter_map(|name| Some((number(&name)?, dir.join(&name).join("bin"))))
        .collect();
    found.sort_by_key(|(number, _)| Reverse(*number));
    found.into_iter().map(|(_, bin)| bin).collect()
}
