//! The directory of a pool: created, checked and opened.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nm_os::{Bell, Dir};

use crate::base::error::{Error, Kind, Result};
use crate::base::process::numbered;
use crate::base::text::shown;
use crate::config::place;
use crate::journal;
use crate::local::files;
use crate::terms::record::FORMAT;

/// A pool's directories, open.
#[derive(Debug)]
pub(crate) struct PoolDir {
    /// The path of `pool`: the key of this pool among all.
    pub(crate) key: Arc<str>,
    /// `pools/db`.
    pub(crate) pool: Dir,
    /// `pools/db/names`.
    pub(crate) names: Dir,
    pub(crate) bell: Arc<Bell>,
    pub(crate) journal: journal::Writer,
    /// The process that opened them. A forked child shares the open files with its
    /// parent, and so the locks on them: it must open its own.
    pub(crate) pid: u32,
}

impl PoolDir {
    /// Opens the pool's directories, creating those that are missing.
    pub(crate) fn open(state_dir: &Path, pool: &str) -> Result<Arc<Self>> {
        prepare(state_dir)?;
        let path = place::pool_dir(state_dir, pool);
        let create = |path: &Path| {
            let dir = Dir::create(path).map_err(|error| unusable(path, error))?;
            check_owner(path)?;
            Ok(dir)
        };
        // Each is checked to be ours before anything is created in it.
        create(&place::pools_dir(state_dir))?;
        let pool = create(&path)?;
        let names = create(&path.join(files::NAMES))?;
        let bell = Bell::open(&pool, files::BELL);
        let bell = bell.map_err(|error| unusable(&path.join(files::BELL), error))?;
        // Of two processes, the second finds the short new one.
        journal::rotate(&pool).map_err(|error| unusable(&path, error))?;
        Ok(Arc::new(Self {
            key: path.to_string_lossy().into(),
            pool,
            names,
            bell: Arc::new(bell),
            journal: journal::Writer::default(),
            pid: std::process::id(),
        }))
    }

    /// Whether the paths still name these directories. If not, they were removed or
    /// replaced, and locks in them mean nothing.
    pub(crate) fn is_current(&self) -> bool {
        // A directory that cannot be examined fails soon enough, with the reason.
        let is_current = |dir: &Dir| dir.is_current().unwrap_or(true);
        is_current(&self.pool) && is_current(&self.names)
    }
}

/// Writes a file under another name and moves it into place: no reader sees half of
/// it, and two concurrent writers leave the one or the other.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    static PARTS: AtomicU64 = AtomicU64::new(0);
    let part = PARTS.fetch_add(1, Ordering::Relaxed);
    let part = numbered(std::process::id(), part);
    let part = path.with_extension([&part, ".part"].concat());
    nm_os::write_private(&part, text.as_bytes())
        .and_then(|()| nm_os::rename(&part, path))
        .map_err(|error| {
            // A full disk leaves an empty one.
            let _ = nm_os::remove(&part);
            unusable(path, error)
        })
}

/// Creates the state directory, or checks that the existing one can be used.
pub(crate) fn prepare(state_dir: &Path) -> Result<()> {
    let is_ours = match nm_os::is_current_user(state_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Dir::create(state_dir).map_err(|error| unusable(state_dir, error))?;
            nm_os::is_current_user(state_dir)
        }
        found => found,
    };
    // Before anything in it is trusted or written.
    refuse_others(state_dir, is_ours)?;
    let format = state_dir.join(place::FORMAT_FILE);
    match nm_os::read_regular(&format) {
        Ok(found) => check_format(state_dir, String::from_utf8_lossy(&found).trim()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(&state_dir.join(".gitignore"), "*\n")?;
            replace(&format, &format!("{FORMAT}\n"))
        }
        Err(error) => Err(unusable(&format, error)),
    }
}

pub(crate) fn check_owner(dir: &Path) -> Result<()> {
    refuse_others(dir, nm_os::is_current_user(dir))
}

fn refuse_others(dir: &Path, is_ours: io::Result<bool>) -> Result<()> {
    match is_ours {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::config(format!(
            "state directory `{}` belongs to another user; remove it, or set NAME_MANAGER_DIR to a directory of your own",
            dir.display()
        ))),
        Err(error) => Err(unusable(dir, error)),
    }
}

pub(crate) fn check_format(state_dir: &Path, found: &str) -> Result<()> {
    match found.parse::<u32>() {
        Ok(found) if found > FORMAT => Err(Error::new(
            Kind::FormatTooNew,
            format!(
                "state directory `{}` has format {found}, this version writes up to {FORMAT}; update name-manager, or remove the directory while no tests run",
                state_dir.display()
            ),
        )),
        // An empty one is being written right now by another process.
        Ok(_) => Ok(()),
        Err(_) if found.is_empty() => Ok(()),
        Err(_) => Err(Error::config(format!(
            "`{}` contains \"{}\"; expected a number; remove the directory while no tests run",
            state_dir.join(place::FORMAT_FILE).display(),
            shown(found)
        ))),
    }
}

/// The error for a path of the state directory, which nothing can be lent without.
pub(crate) fn unusable(path: &Path, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "set NAME_MANAGER_DIR to a directory that can be written"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room, or set NAME_MANAGER_DIR to a directory on another disk"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "expected a directory; move what is there, or set NAME_MANAGER_DIR"
        }
        _ if nm_os::is_descriptor_shortage(&error) => {
            "raise the limit of open files (ulimit -n), or run fewer tests at once"
        }
        _ => "name-manager keeps its state there",
    };
    Error::io(
        format!("failed to use `{}`: {error}; {hint}", path.display()),
        error,
    )
}
