use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use nm_runtime::inspect;

use crate::exit::{Failure, code};
use crate::sys;

/// Files that were not used for this long are removed.
const OLD: Duration = Duration::from_secs(7 * 24 * 3600);

/// Files for nextest to read, named after their contents or what those are made of:
/// concurrent runs do not overwrite each other's.
pub struct Generated {
    dir: PathBuf,
    /// Tells this process from others, also from those of other containers with its id.
    own: String,
}

impl Generated {
    /// In the state directory of the workspace at `root`, which alone need be writable.
    pub fn new(root: &Path) -> Self {
        // Without a `Cargo.toml`, as for an archive; and what is wrong with one, the tests'
        // pools say.
        let state = match inspect::place_in(root) {
            Ok(place) => place.dir,
            Err(_) => root.join(".name-manager"),
        };
        Self {
            dir: state.join("nextest"),
            own: format!("{:016x}", RandomState::new().hash_one(process::id())),
        }
    }

    /// A file with this text. Absolute, as nextest wants it.
    pub fn file(&self, what: &str, extension: &str, text: &str) -> Result<OsString, Failure> {
        self.write(&format!("{what}-{}.{extension}", fingerprint(text)), text)
    }

    /// The file of this name with this text, likewise.
    pub fn write(&self, name: &str, text: &str) -> Result<OsString, Failure> {
        let path = self.dir.join(name);
        let failed = |error| {
            Failure::new(
                code::FAILURE,
                format!(
                    "failed to write `{}`; set NAME_MANAGER_DIR to a directory that can be written",
                    path.display()
                ),
            )
            .because(error)
        };
        self.prepare().map_err(failed)?;
        let part = path.with_extension(&self.own);
        // Written each time: its date says when it was last used.
        write(&part, text)
            .and_then(|()| fs::rename(&part, &path))
            .map_err(failed)?;
        Ok(path.into())
    }

    /// What a file of this name says, if an earlier run has left it.
    pub fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.dir.join(name)).ok()
    }

    /// Where the binaries of an archive are put.
    pub fn extract_to(&self) -> Result<PathBuf, Failure> {
        let path = self.extracted();
        self.prepare()
            .and_then(|()| create(&path))
            .map_err(|error| {
                let what = format!("failed to create `{}`", path.display());
                Failure::new(code::FAILURE, what).because(error)
            })?;
        Ok(path)
    }

    pub fn remove_extracted(&self) {
        let _ = fs::remove_dir_all(self.extracted());
    }

    fn extracted(&self) -> PathBuf {
        self.dir.join(format!("archive-{}", self.own))
    }

    fn prepare(&self) -> io::Result<()> {
        create(&self.dir)?;
        let ignore = self.dir.join(".gitignore");
        if !ignore.exists() {
            write(&ignore, "*\n")?;
        }
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let is_old = |modified: SystemTime| modified.elapsed().is_ok_and(|age| age > OLD);
            if entry
                .metadata()
                .and_then(|found| found.modified())
                .is_ok_and(is_old)
            {
                let path = entry.path();
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
        Ok(())
    }
}

/// For its user alone, like all of the state directory.
fn create(dir: &Path) -> io::Result<()> {
    sys::create_dir(dir)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = sys::private(options.write(true).create(true).truncate(true));
    options.open(path)?.write_all(text.as_bytes())
}

pub fn fingerprint(what: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
