use std::fs;
use std::path::{Path, PathBuf};

use nm_runtime::inspect::{self, Place};

use crate::screen::finding::Findings;
#[cfg(unix)]
use crate::screen::finding::bytes;

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
    space(findings, existing);
    look_at_modes(findings, dir);
    match inspect::locks_work(existing) {
        Ok(()) => findings.ok("locks", format!("work in `{}`", existing.display())),
        Err(error) => findings.problem(
            "locks",
            format!("do not work in `{}`: {error}", existing.display()),
            "no name can be lent safely there; set NAME_MANAGER_DIR to a writable local directory",
        ),
    }
}

/// How much room there is, and whether it is ours.
fn space(findings: &mut Findings, dir: &Path) {
    const TOPIC: &str = "space";
    const FULL: &str = "records and journals cannot be written, and pools cannot be made; make room, or set NAME_MANAGER_DIR to another disk";
    if let Err(error) = inspect::writing_works(dir) {
        let text = format!("nothing can be written in `{}`: {error}", dir.display());
        return findings.problem(TOPIC, text, FULL);
    }
    #[cfg(unix)]
    if let Ok(disk) = rustix::fs::statvfs(dir) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // Some file systems do not count files.
        let files = (disk.f_files > 0).then_some(disk.f_favail);
        let mut text = format!("{} free", bytes(free));
        if let Some(files) = files.filter(|files| *files < FEW_FILES) {
            text.push_str(&format!(", room for {files} more files"));
        }
        match free < LITTLE || files.is_some_and(|files| files < FEW_FILES) {
            true => findings.warning(TOPIC, text, FULL),
            false => findings.ok(TOPIC, text),
        }
    }
}

/// A journal grows to some megabytes.
#[cfg(unix)]
const LITTLE: u64 = 16 << 20;
/// A pool has a dozen files, and some for each name.
#[cfg(unix)]
const FEW_FILES: u64 = 100;

/// Those who can write in a directory can replace what is in it, locks too.
pub fn look_at_mode(findings: &mut Findings, dir: &Path) {
    #[cfg(unix)]
    if let Some(mode) = mode(dir).filter(|mode| mode & 0o022 != 0) {
        warn_of(findings, dir, mode);
    }
    #[cfg(not(unix))]
    let _ = (findings, dir);
}

/// That of a state directory, and of those around it: there it is usual that a group can write,
/// and with a sticky bit others can replace only what is their own.
fn look_at_modes(findings: &mut Findings, dir: &Path) {
    look_at_mode(findings, dir);
    look_at_mode(findings, &dir.join("pools"));
    #[cfg(unix)]
    for around in dir.ancestors().skip(1) {
        if let Some(mode) = mode(around).filter(|mode| mode & 0o1002 == 0o002) {
            warn_of(findings, around, mode);
        }
    }
}

#[cfg(unix)]
fn mode(dir: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;

    let found = fs::metadata(dir).ok()?;
    Some(found.mode() & 0o7777)
}

#[cfg(unix)]
fn warn_of(findings: &mut Findings, dir: &Path, mode: u32) {
    let text = format!("others can write in `{}` (mode {mode:04o})", dir.display());
    let hint = "they can replace locks, and be lent names that are held: take that away (chmod go-w), or set NAME_MANAGER_DIR to a directory of your own";
    findings.warning("mode", text, hint);
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
