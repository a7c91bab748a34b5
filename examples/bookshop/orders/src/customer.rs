//! Who buys.

use crate::Result;
use rusqlite::{Connection, OptionalExtension};

/// A customer's number.
pub type Id = i64;

/// Adds a customer.
///
/// # Errors
///
/// Returns an error when the address is taken, in whatever case, or is no address.
pub fn register(connection: &Connection, name: &str, email: &str, town: &str) -> Result<Id> {
    connection
        .prepare_cached("INSERT INTO customer (name, email, town) VALUES (?1, ?2, ?3)")?
        .execute((name, email, town))?;
    Ok(connection.last_insert_rowid())
}

/// Returns whose address this is; case does not matter.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn by_email(connection: &Connection, email: &str) -> Result<Option<Id>> {
    Ok(connection
        .prepare_cached("SELECT id FROM customer WHERE email = ?1")?
        .query_row([email], |row| row.get(0))
        .optional()?)
}

/// Returns how many customers there are.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn count(connection: &Connection) -> Result<usize> {
    Ok(connection.query_row("SELECT count(*) FROM customer", [], |row| row.get(0))?)
}
