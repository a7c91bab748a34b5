//! What books cost, and what they did cost.

use crate::{Cents, Error, Isbn, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Sets a book's price.
///
/// # Errors
///
/// Returns an error when there is no such book, or the price is not above zero.
pub fn set(connection: &Connection, isbn: &Isbn, price: Cents) -> Result<()> {
    match connection.execute("UPDATE book SET price = ?2 WHERE isbn = ?1", (isbn, price))? {
        0 => Err(Error::NoSuchBook(isbn.clone())),
        _ => Ok(()),
    }
}

/// Changes every price of a publisher by `percent`; returns how many.
///
/// # Errors
///
/// Returns an error when the database is busy.
pub fn change_all(connection: &Connection, publisher: &str, percent: i64) -> Result<usize> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let prices: Vec<(i64, Cents)> = transaction
        .prepare(
            "SELECT book.id, price FROM book JOIN publisher ON publisher.id = publisher_id
             WHERE publisher.name = ?1",
        )?
        .query_map([publisher], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, price) in &prices {
        transaction
            .prepare_cached("UPDATE book SET price = ?2 WHERE id = ?1")?
            .execute((id, price.changed_by(percent)))?;
    }
    transaction.commit()?;
    Ok(prices.len())
}

/// Returns the earlier prices of a book, oldest first.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn history(connection: &Connection, isbn: &Isbn) -> Result<Vec<Cents>> {
    let found = connection
        .prepare_cached("SELECT old_price FROM price_change WHERE isbn = ?1 ORDER BY id")?
        .query_map([isbn], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}
