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

    /// Makes the database usable: both packages' tables, at their latest step.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be made or migrated.
    pub fn init(&self) -> Result<(), BoxError> {
        fs::create_dir_all(directory())?;
        if self.fingerprint()? != fingerprint() {
            self.cleanup()?;
        }
        let connection = self.connect()?;
        catalog::MIGRATIONS.migrate(&connection, catalog::MIGRATIONS.latest())?;
        orders::MIGRATIONS.migrate(&connection, orders::MIGRATIONS.latest())?;
        // Last: a database that was left half-way is made again.
        connection.pragma_update(None, "user_version", fingerprint())?;
        Ok(())
    }

    /// Makes the database fresh: the rows of the sample and no others.
    ///
    /// # Errors
    ///
    /// Returns an error when it cannot be written.
    pub fn reset(&self) -> Result<(), BoxError> {
        Ok(sample::load(&self.connect()?)?)
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

    fn fingerprint(&self) -> Result<i32, BoxError> {
        Ok(self
            .connect()?
            .pragma_query_value(None, "user_version", |row| row.get(0))?)
    }
}

/// Changes when a migration does (FNV-1a over their texts); never 0, a new file's version.
fn fingerprint() -> i32 {
    [catalog::MIGRATIONS, orders::MIGRATIONS]
        .iter()
        .flat_map(|migrations| migrations.steps)
        .flat_map(|step| step.up.bytes().chain(step.down.bytes()))
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
        .cast_signed()
        | 1
}

/// Beside the packages and not in `target`: one place for every way of running the tests.
///
/// Cargo and nextest say at run time where the package is now; a test that is
/// started by hand uses the place where it was built.
fn directory() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .unwrap_or(Path::new("."))
        .join(".databases")
}
