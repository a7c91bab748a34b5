//! How many copies there are. Every change leaves a movement behind.

use crate::{Error, Isbn, Result};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

/// Returns how many copies of a book there are.
///
/// # Errors
///
/// Returns an error when there is no such book.
pub fn on_hand(connection: &Connection, isbn: &Isbn) -> Result<u32> {
    connection
        .prepare_cached("SELECT on_hand FROM stock WHERE isbn = ?1")?
        .query_row([isbn], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Error::NoSuchBook(isbn.clone()))
}

/// Adds `copies` and returns how many there are now.
///
/// # Errors
///
/// Returns an error when there is no such book, or `copies` is 0.
pub fn restock(connection: &Connection, isbn: &Isbn, copies: u32) -> Result<u32> {
    on_hand(connection, isbn)?;
    record(connection, isbn, i64::from(copies), "delivery")?;
    on_hand(connection, isbn)
}

/// Takes `copies` out, for `reason`, and returns how many are left.
///
/// # Errors
///
/// Returns an error when there are fewer, or there is no such book.
pub fn take(connection: &Connection, isbn: &Isbn, copies: u32, reason: &str) -> Result<u32> {
    let left = on_hand(connection, isbn)?;
    if left < copies {
        return Err(Error::NotEnough {
            isbn: isbn.clone(),
            asked: copies,
            left,
        });
    }
    record(connection, isbn, -i64::from(copies), reason)?;
    on_hand(connection, isbn)
}

/// Fills every book with fewer than `least` copies up to that; returns how many were.
///
/// # Errors
///
/// Returns an error when the database is busy.
pub fn refill(connection: &Connection, least: u32) -> Result<usize> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let refilled = transaction.execute(
        "INSERT INTO stock_movement (isbn, change, reason)
         SELECT isbn, ?1 - on_hand, 'delivery' FROM stock WHERE on_hand < ?1",
        [least],
    )?;
    transaction.commit()?;
    Ok(refilled)
}

/// Returns how many copies of all books there are.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn total(connection: &Connection) -> Result<u64> {
    let sum = "SELECT coalesce(sum(on_hand), 0) FROM stock";
    Ok(connection.query_row(sum, [], |row| row.get(0))?)
}

/// Returns the books whose copies are not the sum of their movements: none, if all is well.
///
/// # Errors
///
/// Returns an error when the database cannot be read.
pub fn discrepancies(connection: &Connection) -> Result<Vec<Isbn>> {
    let found = connection
        .prepare_cached(
            "SELECT isbn FROM stock LEFT JOIN stock_movement USING (isbn)
             GROUP BY isbn HAVING on_hand <> coalesce(sum(change), 0)",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(found)
}

fn record(connection: &Connection, isbn: &Isbn, change: i64, reason: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO stock_movement (isbn, change, reason) VALUES (?1, ?2, ?3)")?
        .execute((isbn, change, reason))?;
    Ok(())
}
