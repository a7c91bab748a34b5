use crate::Database;
use crate::database::workspace;
use name_manager::{BoxError, Name, Reset, Resource, fingerprint};

/// The life of the pool `shop`: when its databases are made, made fresh, and
/// removed.
#[derive(Debug, Default)]
pub struct Databases;

#[name_manager::resource(pool = "shop")]
impl Resource for Databases {
    /// The files are kept until a migration changes.
    fn fingerprint(&self) -> Result<Option<String>, BoxError> {
        let folders = ["catalog", "orders"].map(|package| workspace().join(package));
        let folders = folders.map(|package| package.join("migrations"));
        Ok(Some(fingerprint(&folders)?))
    }

    fn init(&self, name: &Name) -> Result<(), BoxError> {
        Database::named(name).init()
    }

    fn reset(&self, name: &Name, why: Reset<'_>) -> Result<(), BoxError> {
        match why {
            Reset::Reuse => Database::named(name).reset(),
            // Its holder may have left anything.
            _ => Database::named(name).init(),
        }
    }

    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        Database::named(name).cleanup()
    }
}
