//! The files by which a keeper can be found, in the pool's directory; of a lease that
//! was lost, the one by which its owner learns of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::args::token;
use crate::keeper::session::Session;
use crate::sys;

/// A kept lease. Says how to reach the keeper; only the kernel knows whether there is
/// a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The version of the format.
    pub v: u32,
    pub name: String,
    /// Tells keepers apart; also the socket's name.
    pub id: String,
    /// The keeper.
    pub pid: u32,
    pub token: String,
    /// Whose it is, for people.
    pub owner: String,
    /// Whose it is: the owner needs no token.
    #[serde(default)]
    pub session: Option<Session>,
    /// Why it ended without its owner; then nobody keeps it.
    #[serde(default)]
    pub lost: Option<String>,
}

pub const FORMAT: u32 = 1;
/// At most so many lost leases of a pool are remembered.
const MOST_LOST: usize = 256;

/// The directory of a pool's keepers, for their user alone.
pub fn directory(pool_dir: &Path) -> PathBuf {
    pool_dir.join("keepers")
}

pub fn socket(id: &str) -> String {
    format!("{id}.sock")
}

impl Kept {
    fn path(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.{}.json", self.name, self.id))
    }

    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let options = sys::private(options.write(true).create_new(true));
        let mut file = options.open(self.path(dir))?;
        let written = file.write_all(&serde_json::to_vec(self)?);
        // A full disk leaves an empty one.
        written.inspect_err(|_| self.remove(dir))
    }

    pub fn remove(&self, dir: &Path) {
        // If it cannot be removed, a reader finds no keeper behind it.
        let _ = fs::remove_file(self.path(dir));
    }

    pub fn remove_socket(&self, dir: &Path) {
        let _ = fs::remove_file(dir.join(socket(&self.id)));
    }

    /// Whether a caller owns the lease: by its token, or because it belongs to the session.
    pub fn is_owned(&self, shown: Option<&str>, pid: u32) -> bool {
        shown.is_some_and(|token| token::is_same(token, &self.token))
            || self.session.as_ref().is_some_and(|of| of.contains(pid))
    }

    /// Leaves a note for the owner. Before the name is free: an owner that finds neither
    /// would think that it had given it back.
    pub fn lose(&self, dir: &Path, why: &str) -> Self {
        let lost = Self {
            lost: Some(why.to_owned()),
            ..self.clone()
        };
        let path = self.path(dir);
        let part = path.with_extension("json.part");
        let write = || {
            let text = serde_json::to_vec(&lost)?;
            let mut options = OpenOptions::new();
            let options = sys::private(options.write(true).create(true).truncate(true));
            options.open(&part)?.write_all(&text)?;
            sys::rename(&part, &path)
        };
        // On a full disk the old file stays, as if the keeper had been killed.
        if write().is_err() {
            let _ = fs::remove_file(&part);
        }
        forget_oldest(dir);
        lost
    }

    /// As it is written now; `None` if it was given back since.
    pub fn again(&self, dir: &Path) -> io::Result<Option<Self>> {
        let path = self.path(dir);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(dir, &path, &text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the text of a file. It must agree with the file's own name, because files
    /// are removed by what it says.
    pub fn parse(dir: &Path, path: &Path, text: &str) -> Option<Self> {
        let kept = serde_json::from_str::<Self>(text).ok()?;
        (kept.path(dir) == path).then_some(kept)
    }

    /// The kept leases of a name: several when it is shared.
    pub fn of(dir: &Path, name: &str) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let file = path.file_name().and_then(|file| file.to_str());
            let stem = file.and_then(|file| file.strip_suffix(".json"));
            if stem
                .and_then(|stem| stem.rsplit_once('.'))
                .map(|(of, _)| of)
                != Some(name)
            {
                continue;
            }
            match fs::read_to_string(&path) {
                // `None` if half written: by a keeper that has not reported yet.
                Ok(text) => found.extend(Self::parse(dir, &path, &text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

/// Removes notes that nobody has asked for, where there are too many.
fn forget_oldest(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    if paths.len() <= MOST_LOST {
        return;
    }
    let lost = paths.into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        Kept::parse(dir, &path, &text)?.lost?;
        let written = fs::metadata(&path).and_then(|file| file.modified()).ok()?;
        Some((written, path))
    });
    let mut lost: Vec<_> = lost.collect();
    lost.sort();
    let many = lost.len().saturating_sub(MOST_LOST);
    for (_, path) in &lost[..many] {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_another_name_or_id_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let kept = |id: &str| Kept {
            v: FORMAT,
            name: "db-0".to_owned(),
            id: id.to_owned(),
            pid: 7,
            token: "12345678".to_owned(),
            owner: "me".to_owned(),
            session: None,
            lost: None,
        };
        kept("17").write(dir.path()).unwrap();
        let foreign = serde_json::to_vec(&kept("../../17")).unwrap();
        fs::write(dir.path().join("db-0.18.json"), foreign).unwrap();
        assert_eq!(Kept::of(dir.path(), "db-0").unwrap(), [kept("17")]);
    }
}
