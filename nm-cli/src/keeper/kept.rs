//! The files by which a keeper can be found, in the pool's directory.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
}

pub const FORMAT: u32 = 1;

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
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(dir))?;
        let written = file.write_all(&serde_json::to_vec(self)?);
        // A full disk leaves an empty one.
        written.inspect_err(|_| self.remove(dir))
    }

    pub fn remove(&self, dir: &Path) {
        // If it cannot be removed, a reader finds no keeper behind it.
        let _ = fs::remove_file(self.path(dir));
    }

    /// Clears away the files of a killed keeper.
    pub fn clear(&self, dir: &Path) {
        self.remove(dir);
        let _ = fs::remove_file(dir.join(socket(&self.id)));
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

/// Makes the directory where it is missing.
pub fn create(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
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
        };
        kept("17").write(dir.path()).unwrap();
        let foreign = serde_json::to_vec(&kept("../../17")).unwrap();
        fs::write(dir.path().join("db-0.18.json"), foreign).unwrap();
        assert_eq!(Kept::of(dir.path(), "db-0").unwrap(), [kept("17")]);
    }
}
