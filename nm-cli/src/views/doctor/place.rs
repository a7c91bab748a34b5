use std::fs;
use std::path::{Path, PathBuf};

use nm_runtime::inspect::{self, Place};

use crate::views::doctor::finding::Findings;

/// File systems that several machines may share: a lock may not reach the others,
/// and an orphan on another machine is not seen here.
const OF_SEVERAL_MACHINES: [&str; 8] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "afs",
    "ceph",
    "fuse.sshfs",
];

pub fn look(findings: &mut Findings, place: &Place) {
    let Place { dir, why } = place;
    match dir.exists() {
        true => findings.ok("state", format!("lives in `{}` ({why})", dir.display())),
        false => findings.note("state", format!("will live in `{}` ({why})", dir.display())),
    }
    let Some(existing) = dir.ancestors().find(|dir| dir.is_dir()) else {
        let hint = "set NAME_MANAGER_DIR to a directory that can be created";
        findings.problem("state", "none of its parent directories exists", hint);
        return;
    };
    file_system(findings, existing);
    match inspect::locks_work(existing) {
        Ok(()) => findings.ok("locks", format!("work in `{}`", existing.display())),
        Err(error) => findings.problem(
            "locks",
            format!("do not work in `{}`: {error}", existing.display()),
            "no name can be lent safely there; set NAME_MANAGER_DIR to a writable local directory",
        ),
    }
}

fn file_system(findings: &mut Findings, dir: &Path) {
    let Some(kind) = file_system_of(dir) else {
        findings.note("file system", "unknown: this system does not report it");
        return;
    };
    match OF_SEVERAL_MACHINES.contains(&kind.as_str()) {
        true => findings.warning(
            "file system",
            format!("{kind}, which several machines may share"),
            "locks may not work across machines; set NAME_MANAGER_DIR to a local directory",
        ),
        false => findings.ok("file system", kind),
    }
}

/// The type of the file system that a directory is on, where the kernel lists them.
fn file_system_of(dir: &Path) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((unescape(fields.next()?), fields.next()?))
    });
    let around = mounts.filter(|(at, _)| dir.starts_with(at));
    // Of those mounted at one place, the last hides the others.
    let nearest = around.max_by_key(|(at, _)| at.as_os_str().len());
    nearest.map(|(_, kind)| kind.to_owned())
}

/// Spaces and the like are octal there.
fn unescape(text: &str) -> PathBuf {
    let unescaped = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let text = unescaped
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    PathBuf::from(text)
}
