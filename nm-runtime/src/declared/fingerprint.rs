//! Fingerprints of files and directories, for [`Resource::fingerprint`](crate::Resource::fingerprint).

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result};

/// A string that changes when a file below one of these paths changes, appears,
/// disappears or is renamed. It depends on contents and on names relative to the
/// paths, not on times, owners or where the paths are; the order of directory
/// entries does not matter. Another version of Rust may give another string for the
/// same files, so that names are initialised once more.
///
/// # Errors
///
/// If something cannot be read, or a path does not exist.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = std::env::temp_dir().join(format!("fingerprint-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// std::fs::write(dir.join("1.sql"), "create table users(id int)")?;
/// let before = name_manager::fingerprint(&[&dir])?;
/// assert_eq!(name_manager::fingerprint(&[&dir])?, before);
/// std::fs::write(dir.join("2.sql"), "drop table users")?;
/// assert_ne!(name_manager::fingerprint(&[&dir])?, before);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok(())
/// # }
/// ```
pub fn fingerprint<P: AsRef<Path>>(paths: &[P]) -> Result<String> {
    let mut hash = DefaultHasher::new();
    for path in paths {
        let path = path.as_ref();
        add(&mut hash, path, Path::new("")).map_err(|(at, error)| {
            Error::io(format!("failed to fingerprint `{}`", at.display()), error)
        })?;
    }
    Ok(format!("{:016x}", hash.finish()))
}

fn add(
    hash: &mut DefaultHasher,
    path: &Path,
    name: &Path,
) -> std::result::Result<(), (PathBuf, io::Error)> {
    let failed = |error| (path.to_owned(), error);
    // Lengths before contents: no two different trees write the same bytes.
    let mut part = |kind: u8, bytes: &[u8]| {
        hash.write(&[kind]);
        hash.write(&(bytes.len() as u64).to_le_bytes());
        hash.write(bytes);
    };
    part(b'n', name.as_os_str().as_encoded_bytes());
    if !path.metadata().map_err(failed)?.is_dir() {
        part(b'f', &fs::read(path).map_err(failed)?);
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort_unstable();
    part(b'd', &(names.len() as u64).to_le_bytes());
    for entry in names {
        add(hash, &path.join(&entry), &name.join(&entry))?;
    }
    Ok(())
}
