use crate::Database;
use name_manager::{BoxError, FromLease, Lease};
use rusqlite::Connection;
use std::ops::Deref;

/// A bookshop of one's own: a connection to a database in its first state.
#[derive(Debug)]
pub struct Shop {
    // Fields drop in this order: the database is closed before another test gets it.
    connection: Connection,
    database: Database,
    _lease: Option<Lease>,
}

impl Shop {
    /// Opens the database of this name, whoever else uses it.
    ///
    /// # Errors
    ///
    /// Returns an error when it cannot be brought into its first state.
    pub fn open(name: &str) -> Result<Shop, BoxError> {
        let database = Database::named(name);
        database.init()?;
        database.reset()?;
        Ok(Shop {
            connection: database.connect()?,
            database,
            _lease: None,
        })
    }

    /// Opens a second connection, as another till of the same shop would.
    ///
    /// # Errors
    ///
    /// Returns an error when the database cannot be opened.
    pub fn another_till(&self) -> Result<Connection, BoxError> {
        self.database.connect()
    }
}

impl FromLease for Shop {
    fn from_lease(lease: Lease) -> Result<Shop, BoxError> {
        // Its life has made it fresh.
        let database = Database::named(&lease);
        Ok(Shop {
            connection: database.connect()?,
            database,
            _lease: Some(lease),
        })
    }
}

impl Deref for Shop {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}
