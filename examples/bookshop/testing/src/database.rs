use crate::sample;
use name_manager::BoxError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

/// One of the database files that a name of the pool stands for.
#[derive(Clone, Debug)]
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// Returns the file that belongs to a name.
    #[must_use]
    pub fn named(name: &str) -> Database {
        Database {
            path: directory().join(format!("{name}.sqlite")),
        }
    }

    /// Makes the database: both packages' tables and the rows of the sample.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be made or migrated.
    pub fn init(&self) -> Result<(), BoxError> {
        fs::create_dir_all(directory())?;
        // Killed half-way, an earlier one may have left anything.
        self.cleanup()?;
        self.reset()
    }

    /// Makes the database fresh: both packages' tables at their latest step, the
    /// rows of the sample and no others.
    ///
    /// # Errors
    ///
    /// Returns an error when it cannot be migrated or written.
    pub fn reset(&self) -> Result<(), BoxError> {
        let connection = self.connect()?;
        // Tests go down, too.
        catalog::MIGRATIONS.migrate(&connection, catalog::MIGRATIONS.latest())?;
        orders::MIGRATIONS.migrate(&connection, orders::MIGRATIONS.latest())?;
        Ok(sample::load(&connection)?)
    }

    /// Removes the file.
    ///
    /// # Errors
    ///
    /// Returns an error when it is there and cannot be removed.
    pub fn cleanup(&self) -> Result<(), BoxError> {
        for suffix in ["-journal", ""] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Connects to the database.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be opened.
    pub fn connect(&self) -> Result<Connection, BoxError> {
        let connection = Connection::open(&self.path)?;
        // A test has its database to itself: whoever makes it wait is a mistake.
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What a power cut destroys is made again; the disk need not be waited for.
        connection.pragma_update(None, "synchronous", "off")?;
        Ok(connection)
    }
}

/// Beside the packages and not in `target`: one place for every way of running the tests.
fn directory() -> PathBuf {
    workspace().join(".databases")
}

/// The directory of the workspace.
///
/// Cargo and nextest say at run time where the package is now; a test that is
/// started by hand uses the place where it was built.
pub(crate) fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().unwrap_or(Path::new(".")).to_owned()
}
